// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

long
sysfs_number(int dir, const char *name, long nothing)
{
	char text[32];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return nothing;
	text[len] = 0;
	return strtol(text, NULL, 0);
}

void
sysfs_target(int dir, const char *name, char *to, size_t size)
{
	char target[PATH_MAX];
	const char *last;
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	target[len < 0 ? 0 : len] = 0;
	last = strrchr(target, '/');
	snprintf(to, size, "%.*s", (int)size - 1, last ? last + 1 : target);
}

int
sysfs_write(const char *text, const char *path, ...)
{
	char full[PATH_MAX];
	va_list ap;
	int fd, ret = 0;

	va_start(ap, path);
	vsnprintf(full, sizeof(full), path, ap);
	va_end(ap);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

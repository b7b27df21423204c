// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The applied objects on disk: one file, replaced as a whole, so that a crash leaves the old or the new one.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state.h"

#define STORE_FILE "policy.json"

int
weft_store_load(const char *dir, json_t **tree, struct weft_error *err)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/" STORE_FILE, dir);
	*tree = NULL;
	if (access(path, F_OK))
		return 0;
	*tree = weft_json_load_file(path, err);
	return *tree ? 0 : -errno;
}

static int
write_synced(const char *path, const json_t *tree)
{
	FILE *f = fopen(path, "w");
	int ret = 0;

	if (f == NULL)
		return -errno;
	if (json_dumpf(tree, f, JSON_INDENT(2)) || fflush(f) || fsync(fileno(f)))
		ret = errno ? -errno : -EIO;
	if (fclose(f) && ret == 0)
		ret = -errno;
	return ret;
}

static int
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

int
weft_store_save(const char *dir, const json_t *tree, struct weft_error *err)
{
	char path[320], temporary[340];
	int ret;

	snprintf(path, sizeof(path), "%s/" STORE_FILE, dir);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	ret = write_synced(temporary, tree);
	if (ret == 0 && rename(temporary, path))
		ret = -errno;
	if (ret == 0)
		ret = sync_dir(dir);
	if (ret)
		return weft_fail(
			err, -ret, "cannot store the change in %s: %s; nothing was changed", path, strerror(-ret));
	return 0;
}

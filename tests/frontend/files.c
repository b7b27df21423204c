// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "files.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define WHOLE (UINT64_C(2) << 20)

static int files[FILE_KINDS], others[3];

const char *
file_kind_name(enum file_kind kind)
{
	static const char *const names[FILE_KINDS] = { "a memfd", "a sealed memfd", "a memfd that is too short",
		"an empty memfd", "a memfd to read from", "/dev/null", "/dev/zero", "a pipe", "an eventfd",
		"a blocking eventfd", "a full eventfd", "a folder", "a socket", "an epoll set", "a path",
		"a file on disk", "a timer", "a file on FUSE", "the connection" };

	return names[kind];
}

int
file_memory(uint64_t size)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		err(1, "memory");
	return fd;
}

static int
read_only(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int
on_disk(const char *folder)
{
	char path[120];
	int fd;

	snprintf(path, sizeof(path), "%s/disk-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0 || unlink(path) || ftruncate(fd, WHOLE))
		err(1, "%s", path);
	return fd;
}

void
files_open(const char *folder)
{
	int ends[2], pair[2];
	char mount[120];

	files[FILE_MEMFD] = file_memory(WHOLE);
	files[FILE_SEALED] = file_memory(WHOLE);
	fcntl(files[FILE_SEALED], F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	files[FILE_SHORT] = file_memory(4096);
	files[FILE_EMPTY] = file_memory(0);
	files[FILE_READONLY] = read_only(files[FILE_MEMFD]);
	files[FILE_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	files[FILE_ZERO] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	if (pipe2(ends, O_CLOEXEC) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		err(1, "pipes");
	files[FILE_PIPE] = ends[1];
	files[FILE_SOCKET] = pair[0];
	others[0] = ends[0];
	others[1] = pair[1];
	files[FILE_EVENT] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	files[FILE_EVENT_BLOCKING] = eventfd(0, EFD_CLOEXEC);
	files[FILE_EVENT_FULL] = eventfd(0, EFD_CLOEXEC);
	eventfd_write(files[FILE_EVENT_FULL], UINT64_MAX - 1);
	files[FILE_FOLDER] = open("/", O_DIRECTORY | O_CLOEXEC);
	files[FILE_EPOLL] = epoll_create1(EPOLL_CLOEXEC);
	files[FILE_PATH] = open("/", O_PATH | O_CLOEXEC);
	files[FILE_DISK] = on_disk(folder);
	files[FILE_TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	snprintf(mount, sizeof(mount), "%s/fuse", folder);
	files[FILE_FUSE] = fuse_file_open(mount);
	if (files[FILE_FUSE] < 0)
		files[FILE_FUSE] = dup(files[FILE_PIPE]);
	files[FILE_SELF] = -1;
	for (unsigned int i = 0; i < FILE_SELF; i++)
		if (files[i] < 0)
			err(1, "%s", file_kind_name(i));
}

// The file system goes first: until then nobody can close a file of it.
void
files_close(void)
{
	fuse_file_close();
	for (unsigned int i = 0; i < FILE_SELF; i++)
		close(files[i]);
	for (unsigned int i = 0; i < 2; i++)
		close(others[i]);
}

int
file_of(enum file_kind kind)
{
	return files[kind];
}

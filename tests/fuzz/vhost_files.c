// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "vhost_files.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_common.h>

int fuzz_files[FUZZ_FILES];

static int
memory_file(const char *name, uint64_t size, unsigned int seals)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)size) || (seals && fcntl(fd, F_ADD_SEALS, seals)))
		abort();
	return fd;
}

void
fuzz_files_open(void)
{
	char path[40];
	int *f = fuzz_files;

	f[FILE_MEMORY] = memory_file("memory", FUZZ_SIZE, 0);
	f[FILE_SEALED] = memory_file("sealed", FUZZ_SIZE, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	f[FILE_SHORT] = memory_file("short", FUZZ_SMALL, 0);
	f[FILE_LOG] = memory_file("log", FUZZ_SMALL, 0);
	f[FILE_INFLIGHT] = memory_file("inflight", FUZZ_SMALL, 0);
	f[FILE_EVENT] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f[FILE_BLOCKING] = eventfd(0, EFD_CLOEXEC);
	f[FILE_GOT] = -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f[FILE_MEMORY]);
	f[FILE_READ_ONLY] = open(path, O_RDONLY | O_CLOEXEC);
	f[FILE_UNWRITABLE] = memory_file("unwritable", FUZZ_SIZE, F_SEAL_WRITE | F_SEAL_SEAL);
	f[FILE_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	f[FILE_ZERO] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	f[FILE_FOLDER] = open("/", O_RDONLY | O_CLOEXEC);
	f[FILE_EPOLL] = epoll_create1(EPOLL_CLOEXEC);
	f[FILE_TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	f[FILE_PATH] = open("/dev/null", O_PATH | O_CLOEXEC);
	if (pipe2(&f[FILE_PIPE], O_CLOEXEC) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, &f[FILE_SOCKET]))
		abort();
}

void
fuzz_files_drain(enum fuzz_file file)
{
	struct pollfd there = { .fd = fuzz_files[file], .events = POLLIN };
	eventfd_t count;

	if (poll(&there, 1, 0) == 1)
		eventfd_read(fuzz_files[file], &count);
}

void
fuzz_files_clear(void)
{
	static const uint64_t sizes[] = { FUZZ_SIZE, FUZZ_SIZE, FUZZ_SMALL, FUZZ_SMALL, FUZZ_SMALL };

	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		if (fallocate(fuzz_files[i], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)sizes[i]) ||
			(i != FILE_SEALED && ftruncate(fuzz_files[i], (off_t)sizes[i])))
			abort();
	}
	fuzz_files_drain(FILE_EVENT);
	fuzz_files_drain(FILE_BLOCKING);
	if (fuzz_files[FILE_GOT] >= 0)
		close(fuzz_files[FILE_GOT]);
	fuzz_files[FILE_GOT] = -1;
}

void
fuzz_files_write(enum fuzz_file file, uint64_t at, const void *data, size_t size)
{
	struct stat st;

	if (fstat(fuzz_files[file], &st) || at + size > (uint64_t)st.st_size)
		return;
	if (pwrite(fuzz_files[file], data, size, (off_t)at) != (ssize_t)size)
		abort();
}

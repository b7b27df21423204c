// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A file system in user space without a library: one file, of 2 MiB, that can be opened and mapped, and whose reads are never
// answered. Format: linux/fuse.h.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "files.h"

#define SIZE (2u << 20)

static int device = -1;
static char where[120];
static pthread_t server;

static void
reply(uint64_t unique, const void *data, size_t len)
{
	struct fuse_out_header header = { .unique = unique, .len = (uint32_t)(sizeof(header) + len) };
	uint8_t all[sizeof(header) + 256];

	memcpy(all, &header, sizeof(header));
	memcpy(all + sizeof(header), data, len);
	if (write(device, all, header.len) < 0)
		perror("fuse");
}

static void
fill(struct fuse_attr *attr, uint64_t node)
{
	*attr = (struct fuse_attr){ .ino = node,
		.size = node == 1 ? 0 : SIZE,
		.nlink = 1,
		.mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0666,
		.blksize = 4096 };
}

static void
answer(const struct fuse_in_header *in)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096 };
	struct fuse_entry_out entry = { .nodeid = 2, .entry_valid = 3600, .attr_valid = 3600 };
	struct fuse_attr_out attr = { .attr_valid = 3600 };
	struct fuse_open_out opened = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		reply(in->unique, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		fill(&entry.attr, 2);
		reply(in->unique, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		fill(&attr.attr, in->nodeid);
		reply(in->unique, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(in->unique, &opened, sizeof(opened));
		break;
	default: // whoever waits for it waits for ever
		break;
	}
}

static void *
serve(void *arg)
{
	static uint8_t request[1 << 17] __attribute__((aligned(8)));

	(void)arg;
	for (;;) {
		ssize_t n = read(device, request, sizeof(request));

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer((const struct fuse_in_header *)(const void *)request);
		else if (n >= 0 || (errno != EINTR && errno != EAGAIN && errno != ENOENT))
			return NULL;
	}
}

int
fuse_file_open(const char *folder)
{
	char options[80], path[140];
	int fd;

	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -errno;
	snprintf(where, sizeof(where), "%s", folder);
	mkdir(where, 0700);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", device, getuid(),
		getgid());
	if (mount("weft-test", where, "fuse", MS_NOSUID | MS_NODEV, options)) {
		fd = -errno;
		close(device);
		device = -1;
		return fd;
	}
	if (pthread_create(&server, NULL, serve, NULL))
		return -EAGAIN;
	snprintf(path, sizeof(path), "%s/file", where);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

// Whoever waits for an answer gets an error when the file system is gone.
void
fuse_file_close(void)
{
	if (device < 0)
		return;
	umount2(where, MNT_FORCE | MNT_DETACH);
	pthread_join(server, NULL);
	close(device);
	device = -1;
	rmdir(where);
}

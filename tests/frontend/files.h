// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Descriptors of every kind that a front end may send.
#pragma once

#include <stdint.h>

enum file_kind {
	FILE_MEMFD, // whole: long enough for all that is asked of it
	FILE_SEALED,
	FILE_SHORT,    // a page
	FILE_EMPTY,    // no byte
	FILE_READONLY, // the whole one, opened for reading
	FILE_NULL,
	FILE_ZERO,
	FILE_PIPE,
	FILE_EVENT,
	FILE_EVENT_BLOCKING,
	FILE_EVENT_FULL, // and blocking
	FILE_FOLDER,
	FILE_SOCKET,
	FILE_EPOLL,
	FILE_PATH, // O_PATH
	FILE_DISK, // a file on a disk, or what stands for one
	FILE_TIMER,
	FILE_FUSE, // whose reads are never answered; like FILE_PIPE where FUSE cannot be used
	FILE_SELF, // the connection itself: the caller has it
	FILE_KINDS
};

// The text that names KIND.
const char *file_kind_name(enum file_kind kind);

// Makes one of each kind. FOLDER: where a file system may be mounted. Exits with a message if the machine has not the usual ones.
void files_open(const char *folder);
void files_close(void);

// The descriptor of KIND; -1 for FILE_SELF.
int file_of(enum file_kind kind);

// A file of memory that is all the caller's, with SIZE bytes.
int file_memory(uint64_t size);

// Mounts a file system at FOLDER that answers whatever is needed to open a file of it, and nobody who reads that file. Returns
// the file's descriptor, or -errno where the machine has no FUSE.
int fuse_file_open(const char *folder);
void fuse_file_close(void);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Descriptors of every kind, which a fuzzed front end sends.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The guest's memory: files of FUZZ_SIZE bytes, of which the first one holds the rings. Regions are neighbours for the guest.
#define FUZZ_GPA     UINT64_C(0x100000)
#define FUZZ_USER    UINT64_C(0x7000000000)
#define FUZZ_SIZE    UINT64_C(0x20000)
#define FUZZ_RING    UINT64_C(0x4000) // from one ring to the next
#define FUZZ_AVAIL   UINT64_C(0x1000) // offsets in a ring; its descriptors come first
#define FUZZ_USED    UINT64_C(0x2000)
#define FUZZ_ENTRIES 64
#define FUZZ_RINGS   4
#define FUZZ_DATA    UINT64_C(0x10000)
#define FUZZ_SMALL   UINT64_C(0x4000) // bytes of the files that are not guest memory

// Descriptors of every kind.
enum fuzz_file {
	FILE_MEMORY,
	FILE_SEALED, // cannot be cut
	FILE_SHORT,  // FUZZ_SMALL bytes
	FILE_LOG,
	FILE_INFLIGHT,
	FILE_EVENT,
	FILE_BLOCKING, // an eventfd
	FILE_GOT,      // what weft has sent; -1: nothing
	FILE_READ_ONLY,
	FILE_UNWRITABLE, // sealed against writing
	FILE_NULL,
	FILE_ZERO,
	FILE_PIPE,
	FILE_PIPE_END,
	FILE_FOLDER,
	FILE_SOCKET,
	FILE_SOCKET_END,
	FILE_EPOLL,
	FILE_TIMER,
	FILE_PATH,
	FUZZ_FILES
};

extern int fuzz_files[FUZZ_FILES];

// Opens all. Once. Aborts if that fails.
void fuzz_files_open(void);

// Makes the memory what it was at first, whatever an input wrote to it, or cut; and all counters 0.
void fuzz_files_clear(void);

// Reads the counter of an eventfd, so that it is 0.
void fuzz_files_drain(enum fuzz_file file);

// Writes to a file of memory, if it is that long.
void fuzz_files_write(enum fuzz_file file, uint64_t at, const void *data, size_t size);

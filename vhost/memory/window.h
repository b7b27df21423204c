// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A part of a front end's file, mapped between two address ranges that nobody may touch. So an index that strays faults,
// and reaches nobody else's memory. Mappings and addresses are limited for a process, and all front ends share them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vhost_window {
	void *base;  // of all that is reserved, guards and all; NULL: nothing is mapped
	size_t size; // of that
	void *part;  // what is mapped of the file, in whole pages
	size_t length;
	uint64_t offset; // in the file, of what was asked for
	int fd;		 // of the file; it stays open, so that another process can be given it
	// What it takes of that which is common to all ports: windows, 0 or 1, and addresses.
	uint64_t beyond, beyond_bytes;
};

// The windows that a port has for its guest's memory.
struct vhost_windows {
	uint64_t n;
	uint64_t bytes; // addresses, guards and all
};

// Maps SIZE bytes of the file FD from OFFSET on, as one more window of those that a port has, OF; NULL: it is not for a guest's
// memory, and has small guards, since no length of the guest's is added to its addresses. Returns where they begin, and FD is the
// window's; or NULL with errno, and FD stays the caller's: EMEDIUMTYPE where it is no file of memory (memfd, tmpfs, hugetlbfs), which
// could block everybody who touches it; ERANGE where the file is shorter. It never blocks, whatever FD is. Any thread.
uint8_t *
weft_window_map(struct vhost_window *window, const struct vhost_windows *of, int fd, uint64_t offset, uint64_t size);

// Unmaps all of it, and closes its file. No thread may use the part any more. It takes long where much of it has been touched, and other
// threads may map and fault meanwhile. Any thread.
void weft_window_unmap(struct vhost_window *window);

// Whether FD is a file of memory. It does not touch the file, which might block. Any thread.
bool weft_window_takes(int fd);

// Whether a port with the windows OF may have one more for SIZE bytes of memory; if not, writes to WHY, of WHY_SIZE bytes, why
// and what to do, in words that follow "the front end ". Four windows and 21 GiB are a port's own, whatever others take: a guest of
// 8 GiB in three regions. What is more is common to all. A half of that is for ports with up to 16 windows and 130 GiB. Any thread.
bool weft_window_allows(const struct vhost_windows *of, uint64_t size, char *why, size_t why_size);

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
};

// Maps SIZE bytes of the file FD from OFFSET on. Returns where they begin, and FD is the window's; or NULL with errno, and
// FD stays the caller's: EMEDIUMTYPE where it is no file of memory (memfd, tmpfs, hugetlbfs), which could block everybody who
// touches it; ERANGE where the file is shorter. It never blocks, whatever FD is. Any thread.
uint8_t *weft_window_map(struct vhost_window *window, int fd, uint64_t offset, uint64_t size);

// Unmaps all of it, and closes its file. No thread may use the part any more. It takes long where much of it has been touched, and other
// threads may map and fault meanwhile. Any thread.
void weft_window_unmap(struct vhost_window *window);

// Whether FD is a file of memory. It does not touch the file, which might block. Any thread.
bool weft_window_takes(int fd);

// Whether a port that has N windows, of BYTES in all, may have one more of SIZE bytes. A port may have a quarter of what the
// others leave: so no few of them take all.
bool weft_window_allows(uint64_t n, uint64_t bytes, uint64_t size);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A vhost-user front end: what QEMU is to a guest, with one pair of rings and one region of memory.
#pragma once

#include "driver.h"

#define FRONTEND_GPA   0x40000000ULL
#define FRONTEND_LEAD  16384 // bytes of memory before the rings, which nobody uses
#define FRONTEND_PAGES 4096  // of memory, behind the rings' own

struct frontend {
	char path[108];
	int sock;
	int memory_fd, inflight_fd;
	int call[2], kick[2];
	uint64_t size; // of the memory
	uint64_t inflight_size;
	uint8_t *base; // where FRONTEND_GPA is mapped
	uint64_t data; // offset of what is behind the rings
	uint64_t features;
	uint16_t ring_size;
	bool inflight;	       // ask for the pages that outlive the switch
	struct driver ring[2]; // 0: to the guest, 1: from the guest
};

// Makes the memory and empty rings. Exits with a message if the machine has none.
void frontend_init(struct frontend *f, const char *path, uint64_t features, uint16_t ring_size, bool inflight);

// Connects to the switch's socket within SECONDS, and sets everything up; again after the switch died. Returns 0, or
// -1 with errno if it went away meanwhile.
int frontend_connect(struct frontend *f, unsigned int seconds);

// Stops both rings as a guest that shuts down does, and returns in BASE how far the switch says that it is.
int frontend_stop(struct frontend *f, uint16_t base[2]);

void frontend_close(struct frontend *f);

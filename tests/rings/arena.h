// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A pair of weft's own rings on memory from malloc(), so that a sanitizer sees each byte beyond it: no library, no
// socket. Four regions: the rings', and three for buffers, which are neighbours for the guest and not here.
#pragma once

#include "driver.h"
#include "vhost/rings/packed.h"
#include "vhost/rings/ring.h"
#include "vhost/rings/split.h"

#define ARENA_GPA      0x100000ULL
#define ARENA_DATA_GPA 0x40000000ULL
#define ARENA_DATA     (48 * 4096) // bytes of all regions for buffers
#define ARENA_REGIONS  4

struct arena {
	uint8_t *memory[ARENA_REGIONS];
	uint64_t length[ARENA_REGIONS];
	struct guest_memory table;
	struct vhost_ring ring[2]; // 0: to the guest, 1: from the guest
	struct driver driver[2];
	struct vhost_log log; // the dirty log; no bits without one
};

// Makes rings of SIZE entries. LOG: writes are marked. Aborts without memory.
void arena_init(struct arena *a, uint16_t size, uint64_t features, bool log);
void arena_free(struct arena *a);

// Copies LEN bytes of guest memory at GPA. False: they are not all there.
bool arena_read(const struct arena *a, uint64_t gpa, void *to, uint32_t len);
bool arena_write(struct arena *a, uint64_t gpa, const void *from, uint32_t len);

// Whether the page at GPA is marked in the dirty log.
bool arena_marked(const struct arena *a, uint64_t gpa);

// A pool of mbufs, once EAL is started without huge pages.
struct rte_mempool *arena_pool(void);

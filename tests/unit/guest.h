// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest behind a liar's front end: two rings in its memory, frames that it sends, and a worker that sends them back.
#pragma once

#include "arena.h"
#include "liar.h"

#define PACKED	   FEATURE(VIRTIO_F_RING_PACKED)
#define GUEST_RING 64		     // entries
#define GUEST_PART UINT64_C(0x20000) // of the memory, for a ring
#define GUEST_SLOT 2048		     // of the memory, for a buffer
#define GUEST_POOL 2047		     // mbufs

struct guest {
	struct liar l;
	struct driver d[2];
	uint32_t offered, sent, received;
};

extern struct rte_mempool *guest_pool;

// Features of all kinds of rings.
extern const uint64_t guest_layouts[6];

// Makes the pool: a group's setup.
int guest_setup(void **state);

// Negotiates and gives the memory, with no ring; and with both rings running, and buffers for frames, and CALL (-1: none) to
// interrupt the guest with.
void guest_init(struct guest *g, uint64_t features);
void guest_start(struct guest *g, uint64_t features, int call);

// Starts a ring. Returns 0, 1 if a message was refused, -1 if the connection ended.
int guest_start_ring(struct guest *g, uint32_t i, int call);

// Stops a ring. Returns how far weft says that it is.
uint32_t guest_stop_ring(struct guest *g, uint32_t i);

// Ends all, and checks that no mbuf is lost.
void guest_close(struct guest *g);

// Makes N more buffers available for frames; and sends N frames. As many as there is room for.
void guest_offer(struct guest *g, uint32_t n);
void guest_send(struct guest *g, uint32_t n);

// The worker reads a burst, sends it back, and interrupts. Returns how many frames it read.
uint16_t guest_echo(struct guest *g);

// Takes what came, and compares it with what was sent. Returns how many frames.
uint32_t guest_take(struct guest *g);

// Sends frames and takes them, several times; each must come.
void guest_check_traffic(struct guest *g);

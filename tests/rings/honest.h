// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// An honest guest on an arena: sends frames in random layouts, takes them back as the switch echoes them, and knows
// what should have come.
#pragma once

#include "arena.h"

#define HONEST_MAX_FRAME 9014
#define HONEST_KEPT	 512 // frames on their way

struct buffer {
	struct piece pieces[DRIVER_MAX_PIECES];
	uint16_t n;
};

struct honest {
	struct arena arena;
	uint64_t random;
	uint64_t slot; // bytes of memory for a buffer
	uint32_t sent, received;
	uint32_t cookie[2];
	struct buffer buffers[2][DRIVER_MAX_SIZE]; // by cookie
	uint32_t length[HONEST_KEPT];		   // of frames, by their numbers; what is in them follows from those
	struct rte_mbuf *held[HONEST_KEPT];	   // what the switch has read and not sent yet
	uint32_t n_held;
	char error[512]; // what was wrong, empty if nothing
};

// Features of VIRTIO, whatever RANDOM says.
uint64_t honest_features(uint64_t *random);

void honest_init(struct honest *h, uint64_t seed, uint16_t size, uint64_t features, bool log);
void honest_free(struct honest *h);
uint32_t honest_below(uint64_t *random, uint32_t n);

// Up to N more buffers: for frames that are to come, or with frames.
void honest_offer(struct honest *h, uint32_t n);
void honest_send(struct honest *h, uint32_t n);

// The switch reads a burst, and sends back what it has. Returns how many came in.
uint16_t honest_echo(struct honest *h, struct rte_mempool *pool);

// Takes what was used, and compares. False: h->error.
bool honest_take(struct honest *h);

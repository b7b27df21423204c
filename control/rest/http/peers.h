// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How often an address asks, and how often it has failed to say who it is: a token bucket and a counter for each, in a
// table of a fixed size, where the one that was quiet the longest makes room.
#pragma once

#include <stdint.h>

struct peer {
	char name[48];
	double tokens;
	uint64_t last_ms;
	unsigned int failures;
	uint64_t failed_ms;
};

// PER_S requests of an address, and as many at once; 0: no limit.
void peers_limit(unsigned int per_s);

// That of the address, or what stands for it, in NAME, of less than 48 bytes, at time NOW_MS.
struct peer *peer_of(const char *name, uint64_t now_ms);

// Takes a request: 0, or in how many seconds to come again.
unsigned int peer_take(struct peer *peer, uint64_t now_ms);

// It has failed: for so many milliseconds the answer waits. What has failed is forgotten after ten minutes.
unsigned int peer_failed(struct peer *peer, uint64_t now_ms);

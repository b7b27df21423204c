// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "peers.h"

#include <stdio.h>
#include <string.h>

#define SETS	  512
#define WAYS	  4
#define FIRST_MS  100
#define MOST_MS	  5000
#define FORGET_MS 600000

static struct peer table[SETS][WAYS];
static double rate;

void
peers_limit(unsigned int per_s)
{
	rate = per_s;
}

struct peer *
peer_of(const char *name, uint64_t now_ms)
{
	uint32_t hash = 2166136261u; // FNV-1a
	struct peer *set, *oldest;

	for (const char *p = name; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	set = table[hash % SETS];
	oldest = set;
	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].last_ms && strcmp(set[i].name, name) == 0)
			return &set[i];
		if (set[i].last_ms < oldest->last_ms)
			oldest = &set[i];
	}
	*oldest = (struct peer){ .tokens = rate, .last_ms = now_ms };
	snprintf(oldest->name, sizeof(oldest->name), "%s", name);
	return oldest;
}

unsigned int
peer_take(struct peer *peer, uint64_t now_ms)
{
	peer->tokens += (double)(now_ms - peer->last_ms) * rate / 1000;
	peer->tokens = peer->tokens > rate ? rate : peer->tokens;
	peer->last_ms = now_ms;
	if (rate == 0)
		return 0;
	if (peer->tokens < 1)
		return 1;
	peer->tokens--;
	return 0;
}

unsigned int
peer_failed(struct peer *peer, uint64_t now_ms)
{
	unsigned int doublings;

	if (peer->failed_ms + FORGET_MS < now_ms)
		peer->failures = 0;
	peer->failed_ms = now_ms;
	doublings = peer->failures++;
	return doublings < 6 ? FIRST_MS << doublings : MOST_MS;
}

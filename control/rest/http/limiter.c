// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "limiter.h"

#include <stdio.h>
#include <string.h>

#include "weft/fnv.h"

#define SETS	  512
#define WAYS	  4
#define FIRST_MS  100
#define MOST_MS	  5000
#define FORGET_MS 600000

struct entry {
	char address[48];
	double tokens;
	uint64_t last_ms; // 0: the entry is free
	unsigned int failures;
	uint64_t failed_ms;
};

static struct entry table[SETS][WAYS];
static double rate;

void
weft_limiter_set(unsigned int per_s)
{
	rate = per_s;
}

static struct entry *
find(const char *address, uint64_t now_ms)
{
	struct entry *set = table[weft_fnv_hash(address) % SETS], *oldest = set;

	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].last_ms && strcmp(set[i].address, address) == 0)
			return &set[i];
		if (set[i].last_ms < oldest->last_ms)
			oldest = &set[i];
	}
	*oldest = (struct entry){ .tokens = rate, .last_ms = now_ms };
	snprintf(oldest->address, sizeof(oldest->address), "%s", address);
	return oldest;
}

unsigned int
weft_limiter_take(const char *address, uint64_t now_ms)
{
	struct entry *entry = find(address, now_ms);

	entry->tokens += (double)(now_ms - entry->last_ms) * rate / 1000;
	entry->tokens = entry->tokens > rate ? rate : entry->tokens;
	entry->last_ms = now_ms;
	if (rate == 0)
		return 0;
	if (entry->tokens < 1)
		return 1;
	entry->tokens--;
	return 0;
}

unsigned int
weft_limiter_fail(const char *address, uint64_t now_ms)
{
	struct entry *entry = find(address, now_ms);
	unsigned int doublings;

	if (entry->failed_ms + FORGET_MS < now_ms)
		entry->failures = 0;
	entry->failed_ms = now_ms;
	doublings = entry->failures++;
	return doublings < 6 ? FIRST_MS << doublings : MOST_MS;
}

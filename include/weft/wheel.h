// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A timing wheel (Varghese and Lauck, SOSP 1987). A bit for each slot that holds entries finds the next one in a few
// instructions, however sparse the wheel is (as in Eiffel, NSDI 2019). Entries due beyond its horizon go round
// again. An entry is never early, and late by less than WEFT_WHEEL_GRAIN cycles. One thread uses a wheel.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WEFT_WHEEL_SHIFT 12 // 4,096 cycles, between one and two microseconds
#define WEFT_WHEEL_GRAIN (UINT64_C(1) << WEFT_WHEEL_SHIFT)
#define WEFT_WHEEL_SLOTS 8192
#define WEFT_WHEEL_NONE	 UINT32_MAX

// The place of an entry. Entries are numbers below the size of the wheel.
struct weft_wheel_entry {
	uint64_t due; // TSC
	uint32_t next;
	uint32_t prev;
	uint32_t slot; // WEFT_WHEEL_NONE: the entry is not in the wheel
};

struct weft_wheel {
	struct weft_wheel_entry *entry;
	uint64_t turn; // slots before this one have been emptied
	uint32_t n;    // entries in the wheel
	uint64_t any[WEFT_WHEEL_SLOTS / 64];
	uint32_t head[WEFT_WHEEL_SLOTS];
};

// An empty wheel for entries below N, from the TSC NOW on. NULL: no memory.
struct weft_wheel *weft_wheel_new(uint32_t n, uint64_t now);
void weft_wheel_free(struct weft_wheel *wheel);

static inline bool
weft_wheel_has(const struct weft_wheel *wheel, uint32_t id)
{
	return wheel->entry[id].slot != WEFT_WHEEL_NONE;
}

// Makes ID due at DUE, whether it was in the wheel before or not.
void weft_wheel_set(struct weft_wheel *wheel, uint32_t id, uint64_t due);

void weft_wheel_remove(struct weft_wheel *wheel, uint32_t id);

// Removes entries that are due at NOW, MAX at most, and writes them to IDS, slot by slot. Returns how many.
uint32_t weft_wheel_expire(struct weft_wheel *wheel, uint64_t now, uint32_t *ids, uint32_t max);

// The TSC at which to call weft_wheel_expire() next; UINT64_MAX: the wheel is empty.
uint64_t weft_wheel_next(const struct weft_wheel *wheel);

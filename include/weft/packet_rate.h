// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A rate of packets, kept as one number: the time up to which the allowance is spent (the virtual scheduling form of
// the generic cell rate algorithm, ITU-T I.371, Annex A).
#pragma once

#include <stdint.h>

// In TSC cycles: the COST of one packet, and the BURST that may be saved up. Cost 0: no limit.
struct weft_rate {
	uint64_t cost;
	uint64_t burst;
};

// Whether one more packet conforms at NOW (TSC): returns the new value of SPENT, or 0 if it does not.
static inline uint64_t
weft_rate_next(const struct weft_rate *rate, uint64_t spent, uint64_t now)
{
	uint64_t floor = now > rate->burst ? now - rate->burst : 0;
	uint64_t next = (spent > floor ? spent : floor) + rate->cost;

	return next <= now ? next : 0;
}

// How many packets conform at NOW, N at most. Allowance beyond the burst is lost.
static inline uint16_t
weft_rate_allowed(const struct weft_rate *rate, uint64_t *spent, uint64_t now, uint16_t n)
{
	uint64_t floor = now > rate->burst ? now - rate->burst : 0, allowed;

	if (*spent < floor)
		*spent = floor;
	if (*spent >= now)
		return 0;
	allowed = (now - *spent) / rate->cost;
	return allowed < n ? (uint16_t)allowed : n;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A limiter in one number: the time up to which the allowance is spent (the virtual scheduling form of
// the generic cell rate algorithm, ITU-T I.371, Annex A).
#pragma once

#include <stdbool.h>

#include "weft/snapshot.h"

// The new value of SPENT if one more packet conforms at NOW (TSC), or 0 if it does not.
static inline uint64_t
weft_rate_next(const struct weft_rate *rate, uint64_t spent, uint64_t now)
{
	uint64_t floor = now > rate->burst ? now - rate->burst : 0;
	uint64_t next = (spent > floor ? spent : floor) + rate->cost;

	return next <= now ? next : 0;
}

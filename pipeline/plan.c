// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Plans change while they are used.
#include "weft/plan.h"

// A time in which as many bytes pass at COST as pass in TIME at the cost before.
static uint64_t
convert(uint64_t time, uint64_t before, uint64_t cost)
{
	return before ? (uint64_t)((unsigned __int128)time * cost / before) : 0;
}

void
weft_way_change(const struct weft_way *way, struct weft_spent *spent, uint64_t now, bool afresh)
{
	if (afresh || spent->cost == 0 || way->rate.cost == 0)
		spent->bytes = now;
	else if (spent->bytes > now)
		spent->bytes = now + convert(spent->bytes - now, spent->cost, way->rate.cost);
	else
		spent->bytes = now - convert(now - spent->bytes, spent->cost, way->rate.cost);
	if (afresh || spent->packets < now)
		spent->packets = now;
	spent->cost = way->rate.cost;
}

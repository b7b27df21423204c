// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Converts allowances when a plan changes.
#include "weft/plan.h"

#include <rte_common.h>

// Converts SPENT, at NOW, from the rate BEFORE to a rate with COST. The amount that is left, or owed, stays the same.
static uint64_t
convert(uint64_t spent, uint64_t now, const struct weft_rate *before, uint64_t cost)
{
	uint64_t left = now > spent ? RTE_MIN(now - spent, before->burst) : 0, owed = spent > now ? spent - now : 0;

	if (before->cost == 0 || cost == 0)
		return now;
	return now + (uint64_t)((unsigned __int128)owed * cost / before->cost) -
	       RTE_MIN((uint64_t)((unsigned __int128)left * cost / before->cost), now);
}

void
weft_plan_limit_change(const struct weft_plan_limit *limit, struct weft_spent *spent, uint64_t now, bool afresh)
{
	if (afresh)
		spent->by_bytes.cost = spent->by_packets.cost = 0;
	spent->bytes = convert(spent->bytes, now, &spent->by_bytes, limit->rate.cost);
	spent->packets = convert(spent->packets, now, &spent->by_packets, limit->packets.cost);
	spent->by_bytes = (struct weft_rate){ .cost = limit->rate.cost, .burst = limit->rate.depth };
	spent->by_packets = limit->packets;
}

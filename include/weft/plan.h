// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port's data plan as the workers see it, and the limiter that all of its limits use. A limiter is the time up to
// which its allowance is spent (the virtual scheduling form of the generic cell rate algorithm, ITU-T I.371, Annex
// A): nothing has to be refilled, and rounding loses nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/packet_rate.h"

#define WEFT_COST_SHIFT 24 // fraction bits of a byte's cost
#define WEFT_RATE_SHIFT 48 // fraction bits of its reciprocal

// Bytes over time, in TSC cycles. The last frame may overdraw. DEPTH is the time whose bytes may be saved up: the time
// of the burst less one frame, so that at most rate * t + burst bytes pass in any time t.
struct weft_byte_rate {
	uint64_t cost;	// cycles for a byte, in units of 2^-24; 0: no limit
	uint64_t bytes; // bytes in a cycle, in units of 2^-48
	uint64_t depth;
};

// The rate that ports share: now, and once this host has lost its cluster. A cost of 0: they may send nothing.
struct weft_bucket_rate {
	struct weft_byte_rate now;
	struct weft_byte_rate fenced;
};

// The limit of one direction of a plan.
struct weft_plan_limit {
	struct weft_byte_rate rate;
	struct weft_rate packets;
	uint64_t bits_per_second; // as configured, for display
	uint32_t queue;		  // to the VM only: bytes that may wait
	uint64_t mark_after;	  // cycles in the queue after which frames are marked (ECN)
};

#define WEFT_WEIGHT_DEFAULT 100
#define WEFT_WEIGHT_BYTES   64 // that one unit of weight may send in a turn

struct weft_port_plan {
	struct weft_plan_limit from_vm;
	struct weft_plan_limit to_vm;
	struct weft_byte_rate least; // guaranteed to the uplink, whatever others send; cost 0: nothing
	uint32_t turn;		     // bytes to the uplink in a turn, of what the guarantees leave
	int16_t dscp;		     // -1: the VM's own marks stay
};

// The TSC up to which the allowances of one direction are spent, and the costs and depths that this was computed
// with: plans change.
struct weft_spent {
	uint64_t bytes;
	uint64_t packets;
	uint32_t part; // the fraction of a cycle, in units of 2^-24, that BYTES has not been charged yet
	struct weft_rate by_bytes;
	struct weft_rate by_packets;
};

// The rate of BITS_PER_SECOND at HZ cycles a second. BURST is in bytes, and above FRAME, the bytes by which the last
// frame may overdraw.
static inline struct weft_byte_rate
weft_byte_rate(uint64_t bits_per_second, uint32_t burst, uint32_t frame, uint64_t hz)
{
	unsigned __int128 per_second = (unsigned __int128)hz << (WEFT_COST_SHIFT + 3);
	struct weft_byte_rate rate = { 0 };

	rate.cost = (uint64_t)((per_second + bits_per_second / 2) / bits_per_second);
	rate.bytes = (uint64_t)(((unsigned __int128)bits_per_second << (WEFT_RATE_SHIFT - 3)) / hz);
	rate.depth = (uint64_t)(((unsigned __int128)(burst - frame) * rate.cost) >> WEFT_COST_SHIFT);
	return rate;
}

// The bytes that may be sent at NOW; 0: none. Allowance beyond the depth is lost.
static inline int64_t
weft_bytes_allowed(const struct weft_byte_rate *rate, uint64_t *spent, uint64_t now)
{
	uint64_t floor = now > rate->depth ? now - rate->depth : 0;

	if (*spent < floor)
		*spent = floor;
	if (*spent > now)
		return 0;
	return 1 + (int64_t)(((unsigned __int128)(now - *spent) * rate->bytes) >> WEFT_RATE_SHIFT);
}

// Returns how many packets, N at most, may pass at NOW. *BYTES gets how many bytes may; the last packet may overdraw
// them.
static inline uint16_t
weft_plan_limit_allowed(
	const struct weft_plan_limit *limit, struct weft_spent *spent, uint64_t now, uint16_t n, int64_t *bytes)
{
	*bytes = INT64_MAX;
	if (limit->rate.cost) {
		*bytes = weft_bytes_allowed(&limit->rate, &spent->bytes, now);
		if (*bytes == 0)
			return 0;
	}
	return limit->packets.cost ? weft_rate_allowed(&limit->packets, &spent->packets, now, n) : n;
}

// Charges N packets that have BYTES in all.
static inline void
weft_plan_limit_spend(const struct weft_plan_limit *limit, struct weft_spent *spent, uint16_t n, uint64_t bytes)
{
	unsigned __int128 cost = (unsigned __int128)limit->rate.cost * bytes + spent->part;

	spent->bytes += (uint64_t)(cost >> WEFT_COST_SHIFT);
	spent->part = (uint32_t)cost & ((1u << WEFT_COST_SHIFT) - 1);
	spent->packets += n * limit->packets.cost;
}

// The TSC at which the next packet may pass; one in the past: now.
static inline uint64_t
weft_plan_limit_next(const struct weft_plan_limit *limit, const struct weft_spent *spent)
{
	uint64_t packets = limit->packets.cost ? spent->packets + limit->packets.cost : 0;

	return limit->rate.cost && spent->bytes > packets ? spent->bytes : packets;
}

static inline bool
weft_plan_limit_is(const struct weft_plan_limit *limit, const struct weft_spent *spent)
{
	return limit->rate.cost == spent->by_bytes.cost && limit->rate.depth == spent->by_bytes.burst &&
	       limit->packets.cost == spent->by_packets.cost && limit->packets.burst == spent->by_packets.burst;
}

// Converts SPENT to LIMIT at NOW: as many bytes and packets are left, or owed, as before. AFRESH: the slot has
// got another port, so nothing is left and nothing is owed. Therefore no change of plans gives an extra burst.
void weft_plan_limit_change(const struct weft_plan_limit *limit, struct weft_spent *spent, uint64_t now, bool afresh);

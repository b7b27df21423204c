// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "tenant_rate.h"

#include "weft/engine.h"

#include "control/compile/plans.h"

// A tenant whose packets have waited, and that has used all but 1/UNUSED_PART of its share, wants its whole rate; any
// other wants 1/EXTRA_PART more than it uses.
#define UNUSED_PART 32
#define EXTRA_PART  16

// A bucket of BITS per second: every worker may overdraw it by a frame.
static struct weft_byte_rate
rate_of(const struct weft_local *local, uint64_t bits)
{
	uint32_t frame = local->placement->frame, over = weft_engine_n_workers() * frame;
	struct weft_plan_limits limits = { .rate = bits };

	if (bits == 0)
		return (struct weft_byte_rate){ 0 };
	return weft_byte_rate(bits, RTE_MAX(weft_plan_burst(&limits, frame), over + frame), over, local->tsc_hz);
}

static uint64_t
part_of(uint64_t bits, int32_t share)
{
	return (uint64_t)((unsigned __int128)bits * (uint32_t)share / WEFT_WHOLE);
}

// Adds what the bucket has allowed since the last call.
static void
count_allowed(struct weft_bucket *b, uint64_t hz)
{
	uint64_t now = rte_rdtsc();

	b->allowed += (double)b->now * (double)(now - b->since) / (double)hz;
	b->since = now;
}

static void
set_bucket(const struct weft_local *local, struct weft_bucket *b, uint64_t limit)
{
	uint16_t number = (uint16_t)(b - local->placement->bucket);
	int32_t kept = WEFT_WHOLE, share = local->share ? local->share(b->tenant, &kept) : WEFT_WHOLE;
	uint64_t now = part_of(limit, share), fenced = part_of(limit, kept);
	struct weft_bucket_rate rate;

	if (b->limit == limit && b->now == now && b->fenced == fenced)
		return;
	rate.now = rate_of(local, now);
	rate.fenced = rate_of(local, fenced);
	if (weft_engine_set_bucket(number, limit ? &rate : NULL))
		return;
	count_allowed(b, local->tsc_hz);
	b->limit = limit;
	b->now = now;
	b->fenced = fenced;
}

void
weft_tenant_rate_update(struct weft_local *local)
{
	for (struct weft_bucket *b = local->placement->buckets; b; b = b->hh.next)
		set_bucket(local, b, b->limit);
}

void
weft_tenant_rate_sync(struct weft_local *local)
{
	struct weft_placement *placement = local->placement;
	struct weft_bucket *bucket, *next;

	if (placement->buckets == NULL)
		return;
	placement->frame = weft_frame_of(weft_model_largest_mtu(local->model));
	HASH_ITER (hh, placement->buckets, bucket, next) {
		const struct weft_limits *limits = weft_model_tenant_limits(local->model, bucket->tenant);
		uint64_t limit = limits ? limits->rate : 0;

		set_bucket(local, bucket, limit);
		if (limit == 0)
			weft_placement_free_bucket(placement, bucket);
	}
}

// Returns the share of its rate that the tenant wants, in parts of WEFT_WHOLE. It follows from the bytes of the last
// SECONDS and of the period before.
static int32_t
want_of(struct weft_bucket *b, uint16_t number, double seconds, uint64_t hz)
{
	uint64_t bytes = b->counts.bytes, waits = b->counts.waits;
	double used, mean, allowed;

	weft_engine_bucket_counts(number, &b->counts);
	count_allowed(b, hz);
	used = (double)(b->counts.bytes - bytes) * 8;
	allowed = b->allowed + b->allowed_before;
	mean = (used + b->used_before) / 2 / seconds;
	b->allowed_before = b->allowed;
	b->allowed = 0;
	if (b->counts.waits != waits && used + b->used_before >= allowed - allowed / UNUSED_PART)
		mean = (double)b->limit;
	b->used_before = used;
	mean += mean / EXTRA_PART;
	return mean < (double)b->limit ? (int32_t)(mean / (double)b->limit * WEFT_WHOLE) : WEFT_WHOLE;
}

json_t *
weft_tenant_rate_wants(struct weft_local *local)
{
	struct weft_placement *placement = local->placement;
	uint64_t now = rte_rdtsc(), before = placement->looked_at;
	json_t *wants = json_object();

	placement->looked_at = now;
	for (struct weft_bucket *b = placement->buckets; b; b = b->hh.next)
		if (b->limit)
			json_object_set_new(wants, b->tenant,
				json_integer(want_of(b, (uint16_t)(b - placement->bucket),
					(double)(now - before) / local->tsc_hz, local->tsc_hz)));
	return wants;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "settings.h"

#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_mbuf_dyn.h>

#include "dataplane/manage/defer.h"

#include "bucket.h"
#include "pacer.h"
#include "shaper.h"

int
weft_shaping_init(struct weft_error *err)
{
	static const struct rte_mbuf_dynfield field = { .name = "weft_paced_frame",
		.size = sizeof(struct weft_paced_frame),
		.align = __alignof__(struct weft_paced_frame) };

	if (weft_pacer_offset < 0)
		weft_pacer_offset = rte_mbuf_dynfield_register(&field);
	return weft_pacer_offset < 0
		       ? weft_fail(err, ENOSPC, "packet buffers have no room for the time at which they were queued")
		       : 0;
}

// Bytes that are owed stay owed when the rate changes, so they take another time. Saved-up allowance is lost.
static uint64_t
spent_at(uint64_t spent, uint64_t now, const struct weft_bucket_rate *old, const struct weft_bucket_rate *new)
{
	if (spent <= now || old == NULL || new == NULL || old->now.cost == 0)
		return RTE_MAX(spent, now);
	return now + (uint64_t)((unsigned __int128)(spent - now) * new->now.cost / old->now.cost);
}

int
weft_engine_set_bucket(uint16_t bucket, const struct weft_bucket_rate *rate)
{
	struct weft_shared_bucket *b = &weft_shared_buckets[bucket];
	struct weft_bucket_rate *copy = rate ? malloc(sizeof(*copy)) : NULL, *old = atomic_load(&b->rate);
	uint64_t now = rte_rdtsc(), spent = atomic_load(&b->spent);

	if (rate && copy == NULL)
		return -ENOMEM;
	if (rate)
		*copy = *rate;
	while (!atomic_compare_exchange_weak(&b->spent, &spent, spent_at(spent, now, old, copy)))
		;
	atomic_store(&b->rate, copy);
	if (old && weft_defer_add(free, old)) {
		weft_defer_quiesce();
		free(old);
	}
	return 0;
}

void
weft_engine_bucket_counts(uint16_t bucket, struct weft_bucket_counts *counts)
{
	const struct weft_shared_bucket *b = &weft_shared_buckets[bucket];

	counts->bytes = atomic_load_explicit(&b->bytes, memory_order_relaxed);
	counts->waits = atomic_load_explicit(&b->waits, memory_order_relaxed);
}

void
weft_engine_plan_stats(uint16_t slot, struct weft_plan_stats *stats)
{
	const volatile struct weft_plan_stats *from = &weft_shapers[slot].stats;

	*stats = *(const struct weft_plan_stats *)(uintptr_t)from;
	stats->throttled = *(const volatile uint64_t *)&weft_shapers[slot].throttled;
}

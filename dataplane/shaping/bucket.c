// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What all ports of a tenant share: one limiter for all workers. A worker takes from it what a port may read, before it
// reads, and gives back what it did not need, so that together they never take more than there is; a worker that is
// held up in between may give back on top of what was saved up meanwhile. Ports that find nothing stand in line.
#include <stdlib.h>

#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "dataplane/core/core.h"

// How often in a second it is seen whether a bucket that lets nothing pass does so now.
#define CLOSED_LOOKS 500

static void
run_free(void *arg)
{
	free(arg);
}

// What is owed, in time, is as many bytes at another rate; and nothing that was saved up is worth more.
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
	struct dp_bucket *b = &dp.bucket[bucket];
	struct weft_bucket_rate *copy = rate ? malloc(sizeof(*copy)) : NULL, *old = atomic_load(&b->rate);
	uint64_t now = rte_rdtsc(), spent = atomic_load(&b->spent);

	if (rate && copy == NULL)
		return -ENOMEM;
	if (rate)
		*copy = *rate;
	while (!atomic_compare_exchange_weak(&b->spent, &spent, spent_at(spent, now, old, copy)))
		;
	atomic_store(&b->rate, copy);
	if (old && dp_defer(run_free, old)) {
		dp_quiesce();
		free(old);
	}
	return 0;
}

static uint64_t
cost_of(const struct weft_byte_rate *rate, int64_t bytes)
{
	return (uint64_t)(((unsigned __int128)rate->cost * (uint64_t)bytes + (UINT64_C(1) << (WEFT_COST_SHIFT - 1))) >>
			  WEFT_COST_SHIFT);
}

void
weft_engine_bucket_counts(uint16_t bucket, struct weft_bucket_counts *counts)
{
	counts->bytes = atomic_load_explicit(&dp.bucket[bucket].bytes, memory_order_relaxed);
	counts->waits = atomic_load_explicit(&dp.bucket[bucket].waits, memory_order_relaxed);
}

// The bucket's rate; NULL: it has none.
static const struct weft_byte_rate *
rate_of(uint16_t bucket, bool fenced)
{
	const struct weft_bucket_rate *rate = atomic_load_explicit(&dp.bucket[bucket].rate, memory_order_acquire);

	return rate == NULL ? NULL : unlikely(fenced) ? &rate->fenced : &rate->now;
}

int64_t
dp_bucket_take(uint16_t bucket, bool fenced, uint64_t now, int64_t want)
{
	struct dp_bucket *b = &dp.bucket[bucket];
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);
	uint64_t spent = atomic_load_explicit(&b->spent, memory_order_relaxed), next;
	int64_t bytes;

	if (unlikely(rate == NULL))
		return want;
	if (unlikely(rate->cost == 0))
		return 0;
	do {
		next = spent;
		bytes = RTE_MIN(weft_bytes_allowed(rate, &next, now), want);
		if (bytes == 0)
			return 0;
		next += cost_of(rate, bytes);
	} while (!atomic_compare_exchange_weak_explicit(
		&b->spent, &spent, next, memory_order_relaxed, memory_order_relaxed));
	return bytes;
}

void
dp_bucket_settle(uint16_t bucket, bool fenced, int64_t took, int64_t used)
{
	struct dp_bucket *b = &dp.bucket[bucket];
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);

	atomic_fetch_add_explicit(&b->bytes, (uint64_t)used, memory_order_relaxed);
	if (likely(rate != NULL) && took != used)
		atomic_fetch_add_explicit(&b->spent, cost_of(rate, used) - cost_of(rate, took), memory_order_relaxed);
}

int64_t
dp_bucket_allowed(uint16_t bucket, bool fenced, uint64_t now)
{
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);
	uint64_t spent = atomic_load_explicit(&dp.bucket[bucket].spent, memory_order_relaxed);

	return rate ? weft_bytes_allowed(rate, &spent, now) : INT64_MAX;
}

void
dp_bucket_charge(uint16_t bucket, bool fenced, uint64_t now, int64_t bytes)
{
	struct dp_bucket *b = &dp.bucket[bucket];
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);
	uint64_t spent = atomic_load_explicit(&b->spent, memory_order_relaxed), next;

	if (unlikely(rate == NULL))
		return;
	do {
		next = spent;
		weft_bytes_allowed(rate, &next, now);
		next += cost_of(rate, bytes);
	} while (!atomic_compare_exchange_weak_explicit(
		&b->spent, &spent, next, memory_order_relaxed, memory_order_relaxed));
	atomic_fetch_add_explicit(&b->bytes, (uint64_t)bytes, memory_order_relaxed);
}

void
dp_bucket_refund(uint16_t bucket, bool fenced, int64_t bytes)
{
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);

	if (unlikely(rate == NULL))
		return;
	atomic_fetch_sub_explicit(&dp.bucket[bucket].spent, cost_of(rate, bytes), memory_order_relaxed);
	atomic_fetch_sub_explicit(&dp.bucket[bucket].bytes, (uint64_t)bytes, memory_order_relaxed);
}

bool
dp_bucket_has_some(const struct dp_worker *self, uint16_t bucket, uint64_t *next)
{
	const struct weft_byte_rate *rate = rate_of(bucket, self->w.fenced);

	*next = rate ? atomic_load_explicit(&dp.bucket[bucket].spent, memory_order_relaxed) : 0;
	if (unlikely(rate && rate->cost == 0))
		*next = self->vec.now + dp.hz / CLOSED_LOOKS;
	return *next <= self->vec.now;
}

void
dp_bucket_next(struct dp_worker *self, uint16_t bucket)
{
	uint16_t first = self->line[bucket].head;
	uint64_t next;
	int64_t took = 0;

	if (first == WEFT_PORT_NONE)
		return;
	if (!dp_bucket_has_some(self, bucket, &next)) {
		weft_wheel_set(self->wheel, DP_WHEEL_BUCKETS + bucket, next);
		return;
	}
	if (dp_line_is_turn(self, bucket, next))
		took = dp_bucket_take(bucket, self->w.fenced, self->vec.now, DP_TURN);
	if (took == 0) {
		weft_wheel_set(self->wheel, DP_WHEEL_BUCKETS + bucket, self->vec.now + 1);
		return;
	}
	dp.shaper[first].took = took;
	dp_line_leave(self, first, bucket);
	dp_shape_unpark(self, first);
}

bool
dp_bucket_queues(struct dp_worker *self, uint16_t slot)
{
	uint16_t bucket = self->own[slot].bucket;
	uint64_t next;

	if (dp_bucket_has_some(self, bucket, &next))
		return false;
	dp_line_stand(self, slot, bucket);
	if (!weft_wheel_has(self->wheel, DP_WHEEL_BUCKETS + bucket))
		weft_wheel_set(self->wheel, DP_WHEEL_BUCKETS + bucket, next);
	return true;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One limiter for all workers. A worker takes what a port may read before it reads, and returns what the port did not
// need, so all of them together never take more than there is. A worker that is interrupted in between may return its
// bytes on top of what was saved up meanwhile.
#include "bucket.h"

#include <rte_branch_prediction.h>

#include "dataplane/core/state.h"

// How many times in a second a bucket that lets nothing pass is looked at again.
#define CLOSED_LOOKS 500

struct weft_shared_bucket weft_shared_buckets[WEFT_N_BUCKETS];

static uint64_t
cost_of(const struct weft_byte_rate *rate, int64_t bytes)
{
	return (uint64_t)(((unsigned __int128)rate->cost * (uint64_t)bytes + (UINT64_C(1) << (WEFT_COST_SHIFT - 1))) >>
			  WEFT_COST_SHIFT);
}

// The bucket's rate; NULL: it has none.
static const struct weft_byte_rate *
rate_of(uint16_t bucket, bool fenced)
{
	const struct weft_bucket_rate *rate =
		atomic_load_explicit(&weft_shared_buckets[bucket].rate, memory_order_acquire);

	return rate == NULL ? NULL : unlikely(fenced) ? &rate->fenced : &rate->now;
}

int64_t
weft_bucket_take(uint16_t bucket, bool fenced, uint64_t now, int64_t want)
{
	struct weft_shared_bucket *b = &weft_shared_buckets[bucket];
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
weft_bucket_settle(uint16_t bucket, bool fenced, int64_t took, int64_t used)
{
	struct weft_shared_bucket *b = &weft_shared_buckets[bucket];
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);

	atomic_fetch_add_explicit(&b->bytes, (uint64_t)used, memory_order_relaxed);
	if (likely(rate != NULL) && took != used)
		atomic_fetch_add_explicit(&b->spent, cost_of(rate, used) - cost_of(rate, took), memory_order_relaxed);
}

int64_t
weft_bucket_allowed(uint16_t bucket, bool fenced, uint64_t now)
{
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);
	uint64_t spent = atomic_load_explicit(&weft_shared_buckets[bucket].spent, memory_order_relaxed);

	return rate ? weft_bytes_allowed(rate, &spent, now) : INT64_MAX;
}

void
weft_bucket_charge(uint16_t bucket, bool fenced, uint64_t now, int64_t bytes)
{
	struct weft_shared_bucket *b = &weft_shared_buckets[bucket];
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
weft_bucket_refund(uint16_t bucket, bool fenced, int64_t bytes)
{
	struct weft_shared_bucket *b = &weft_shared_buckets[bucket];
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);

	if (unlikely(rate == NULL))
		return;
	atomic_fetch_sub_explicit(&b->spent, cost_of(rate, bytes), memory_order_relaxed);
	atomic_fetch_sub_explicit(&b->bytes, (uint64_t)bytes, memory_order_relaxed);
}

bool
weft_bucket_has_some(uint16_t bucket, bool fenced, uint64_t now, uint64_t *next)
{
	const struct weft_byte_rate *rate = rate_of(bucket, fenced);

	*next = rate ? atomic_load_explicit(&weft_shared_buckets[bucket].spent, memory_order_relaxed) : 0;
	if (unlikely(rate && rate->cost == 0))
		*next = now + weft_engine.hz / CLOSED_LOOKS;
	return *next <= now;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports that wait for a bucket. Each worker has a queue of its own, and the ports take turns over all workers: each
// gets a ticket when it joins, and all workers see the first ticket of each queue. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

#include "bucket.h"

// SLOT waits for BUCKET from now on.
void weft_bucket_queue_join(struct weft_engine_worker *self, uint16_t slot, uint16_t bucket);

// SLOT waits for BUCKET no more; nothing happens where it did not wait.
void weft_bucket_queue_leave(struct weft_engine_worker *self, uint16_t slot, uint16_t bucket);

// Whether no port of any worker waits for BUCKET.
bool weft_bucket_queue_is_empty(uint16_t bucket);

// Whether the first port of this worker's queue, which is not empty, is next. The bucket has had something to give
// since SINCE (TSC). A worker whose port is next and does not come is waited for until half of what the bucket holds is
// saved up.
bool weft_bucket_queue_is_turn(const struct weft_engine_worker *self, uint16_t bucket, uint64_t since);

// SLOT's place in the queue for BUCKET.
static inline struct weft_queue_place *
weft_bucket_queue_place(struct weft_engine_worker *self, uint16_t slot, uint16_t bucket)
{
	return &self->shaping.place[slot][bucket == WEFT_BUCKET_UPLINK];
}

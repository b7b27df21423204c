// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "bucket_queue.h"

#include "dataplane/core/state.h"

// All workers may see which port is first in this worker's queue.
static void
publish_head(struct weft_engine_worker *self, uint16_t bucket)
{
	uint16_t slot = self->shaping.queue[bucket].head;

	atomic_store_explicit(&weft_shared_buckets[bucket].head[self->w.id],
		slot == WEFT_PORT_NONE ? 0 : weft_bucket_queue_place(self, slot, bucket)->ticket, memory_order_relaxed);
}

void
weft_bucket_queue_join(struct weft_engine_worker *self, uint16_t slot, uint16_t bucket)
{
	struct weft_bucket_queue *queue = &self->shaping.queue[bucket];
	struct weft_queue_place *place = weft_bucket_queue_place(self, slot, bucket);
	struct weft_shared_bucket *b = &weft_shared_buckets[bucket];

	*place = (struct weft_queue_place){ .bucket = bucket,
		.before = queue->head == WEFT_PORT_NONE ? 0 : queue->tail };
	place->ticket = atomic_fetch_add_explicit(&b->ticket, 1, memory_order_relaxed) + 1;
	atomic_fetch_add_explicit(&b->waits, 1, memory_order_relaxed);
	if (queue->head == WEFT_PORT_NONE)
		queue->head = slot;
	else
		weft_bucket_queue_place(self, queue->tail, bucket)->behind = slot;
	queue->tail = slot;
	if (queue->head == slot)
		publish_head(self, bucket);
}

void
weft_bucket_queue_leave(struct weft_engine_worker *self, uint16_t slot, uint16_t bucket)
{
	struct weft_bucket_queue *queue = &self->shaping.queue[bucket];
	struct weft_queue_place *place = weft_bucket_queue_place(self, slot, bucket);
	bool first = queue->head == slot;

	if (place->bucket != bucket || bucket == 0)
		return;
	if (first)
		queue->head = place->behind;
	else
		weft_bucket_queue_place(self, place->before, bucket)->behind = place->behind;
	if (queue->tail == slot)
		queue->tail = place->before;
	else
		weft_bucket_queue_place(self, place->behind, bucket)->before = place->before;
	place->bucket = 0;
	if (first)
		publish_head(self, bucket);
}

bool
weft_bucket_queue_is_empty(uint16_t bucket)
{
	for (uint16_t w = 0; w < weft_engine.n_workers; w++)
		if (atomic_load_explicit(&weft_shared_buckets[bucket].head[w], memory_order_relaxed))
			return false;
	return true;
}

bool
weft_bucket_queue_is_turn(const struct weft_engine_worker *self, uint16_t bucket, uint64_t since)
{
	const struct weft_shared_bucket *b = &weft_shared_buckets[bucket];
	const struct weft_bucket_rate *rate = atomic_load_explicit(&b->rate, memory_order_acquire);
	uint64_t mine = atomic_load_explicit(&b->head[self->w.id], memory_order_relaxed);

	for (uint16_t w = 0; w < weft_engine.n_workers; w++) {
		uint64_t other = atomic_load_explicit(&b->head[w], memory_order_relaxed);

		if (other && other < mine)
			return rate == NULL ||
			       self->vec.now - since > (self->w.fenced ? rate->fenced : rate->now).depth / 2;
	}
	return true;
}

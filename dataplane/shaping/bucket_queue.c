// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports that wait for a bucket stand in line, a line for each worker, and come in turns over all workers: each has a
// ticket, and all workers see whose is the oldest in each line.
#include <rte_branch_prediction.h>

#include "dataplane/core/core.h"

// What is first in this worker's line is known to all.
static void
show_head(struct dp_worker *self, uint16_t bucket)
{
	uint16_t slot = self->line[bucket].head;

	atomic_store_explicit(&dp.bucket[bucket].head[self->w.id],
		slot == WEFT_PORT_NONE ? 0 : dp_place_of(self, slot, bucket)->ticket, memory_order_relaxed);
}

void
dp_line_stand(struct dp_worker *self, uint16_t slot, uint16_t bucket)
{
	struct dp_line *line = &self->line[bucket];
	struct dp_place *place = dp_place_of(self, slot, bucket);

	*place = (struct dp_place){ .bucket = bucket, .before = line->head == WEFT_PORT_NONE ? 0 : line->tail };
	place->ticket = atomic_fetch_add_explicit(&dp.bucket[bucket].ticket, 1, memory_order_relaxed) + 1;
	atomic_fetch_add_explicit(&dp.bucket[bucket].waits, 1, memory_order_relaxed);
	if (line->head == WEFT_PORT_NONE)
		line->head = slot;
	else
		dp_place_of(self, line->tail, bucket)->behind = slot;
	line->tail = slot;
	if (line->head == slot)
		show_head(self, bucket);
}

void
dp_line_leave(struct dp_worker *self, uint16_t slot, uint16_t bucket)
{
	struct dp_line *line = &self->line[bucket];
	struct dp_place *place = dp_place_of(self, slot, bucket);
	bool first = line->head == slot;

	if (place->bucket != bucket || bucket == 0)
		return;
	if (first)
		line->head = place->behind;
	else
		dp_place_of(self, place->before, bucket)->behind = place->behind;
	if (line->tail == slot)
		line->tail = place->before;
	else
		dp_place_of(self, place->behind, bucket)->before = place->before;
	place->bucket = 0;
	if (first)
		show_head(self, bucket);
}

bool
dp_line_is_empty(uint16_t bucket)
{
	for (uint16_t w = 0; w < dp.n_workers; w++)
		if (atomic_load_explicit(&dp.bucket[bucket].head[w], memory_order_relaxed))
			return false;
	return true;
}

// Who does not come is waited for until half of what the bucket holds is saved up.
bool
dp_line_is_turn(const struct dp_worker *self, uint16_t bucket, uint64_t since)
{
	const struct weft_bucket_rate *rate = atomic_load_explicit(&dp.bucket[bucket].rate, memory_order_acquire);
	uint64_t mine = atomic_load_explicit(&dp.bucket[bucket].head[self->w.id], memory_order_relaxed);

	for (uint16_t w = 0; w < dp.n_workers; w++) {
		uint64_t other = atomic_load_explicit(&dp.bucket[bucket].head[w], memory_order_relaxed);

		if (other && other < mine)
			return rate == NULL ||
			       self->vec.now - since > (self->w.fenced ? rate->fenced : rate->now).depth / 2;
	}
	return true;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "tenant_share.h"

#include "bucket.h"
#include "bucket_queue.h"
#include "shaper.h"

bool
weft_tenant_share_wait(struct weft_engine_worker *self, uint16_t slot)
{
	uint16_t bucket = self->own[slot].bucket;
	uint64_t next;

	if (weft_bucket_has_some(bucket, self->w.fenced, self->vec.now, &next))
		return false;
	weft_bucket_queue_join(self, slot, bucket);
	if (!weft_wheel_has(self->shaping.wheel, WEFT_WHEEL_BUCKETS + bucket))
		weft_wheel_set(self->shaping.wheel, WEFT_WHEEL_BUCKETS + bucket, next);
	return true;
}

void
weft_tenant_share_next(struct weft_engine_worker *self, uint16_t bucket)
{
	uint16_t first = self->shaping.queue[bucket].head;
	uint64_t next;
	int64_t took = 0;

	if (first == WEFT_PORT_NONE)
		return;
	if (!weft_bucket_has_some(bucket, self->w.fenced, self->vec.now, &next)) {
		weft_wheel_set(self->shaping.wheel, WEFT_WHEEL_BUCKETS + bucket, next);
		return;
	}
	if (weft_bucket_queue_is_turn(self, bucket, next))
		took = weft_bucket_take(bucket, self->w.fenced, self->vec.now, WEFT_BUCKET_TURN);
	if (took == 0) {
		weft_wheel_set(self->shaping.wheel, WEFT_WHEEL_BUCKETS + bucket, self->vec.now + 1);
		return;
	}
	weft_shapers[first].took = took;
	weft_bucket_queue_leave(self, first, bucket);
	weft_shaper_unpark(self, first);
}

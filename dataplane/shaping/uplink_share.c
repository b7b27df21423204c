// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What ports send to the uplink. A ring's frames may be for anyone, so this is counted when they are sent, by whichever
// worker does, and a port that has sent more than was its turn is not read until that is made good: out of its
// guarantee, which counts whatever others send; out of what is left, in turns as long as its weight (deficit round
// robin: Shreedhar and Varghese, SIGCOMM 1995) over all workers; or at once, while there is enough for all.
#include <rte_branch_prediction.h>

#include "dataplane/core/core.h"

// Ports that are called in one round, the most.
#define CALLS 64

static bool
is_short(const struct dp_worker *self)
{
	uint64_t next;

	return !dp_bucket_has_some(self, WEFT_BUCKET_LINK, &next) || !dp_line_is_empty(WEFT_BUCKET_LINK);
}

static void
pay(struct dp_worker *self, struct dp_shaper *s, int64_t bytes)
{
	dp_bucket_charge(WEFT_BUCKET_LINK, self->w.fenced, self->vec.now, bytes);
	s->credit += bytes;
}

bool
dp_link_pays(struct dp_worker *self, uint16_t slot)
{
	const struct weft_byte_rate *least = &self->own[slot].plan->least;
	struct dp_shaper *s = &dp.shaper[slot];
	int64_t bytes;

	if (s->credit < 0 && least->cost) {
		bytes = RTE_MIN(weft_bytes_allowed(least, &s->least, self->vec.now), -s->credit);
		s->least += (uint64_t)(((unsigned __int128)least->cost * (uint64_t)bytes) >> WEFT_COST_SHIFT);
		pay(self, s, bytes);
	}
	return s->credit >= 0;
}

bool
dp_link_allows(struct dp_worker *self, uint16_t slot, int64_t *bytes)
{
	struct dp_shaper *s = &dp.shaper[slot];
	int64_t owed = atomic_load_explicit(&dp.owed[slot].bytes, memory_order_relaxed), most;
	bool rested = s->rested, short_of;

	if (owed) {
		atomic_fetch_sub_explicit(&dp.owed[slot].bytes, owed, memory_order_relaxed);
		s->credit -= owed;
	}
	s->rested = false;
	// What was read last went elsewhere, and this will.
	if (owed == 0 && s->credit == 0 && !rested)
		return true;
	short_of = is_short(self);
	if (s->credit < 0 && !short_of)
		pay(self, s, -s->credit);
	if (!dp_link_pays(self, slot))
		return false;
	most = short_of ? s->credit : dp_bucket_allowed(WEFT_BUCKET_LINK, self->w.fenced, self->vec.now);
	*bytes = RTE_MIN(*bytes, RTE_MAX(most, (int64_t)self->own[slot].plan->turn));
	return true;
}

void
dp_link_rests(struct dp_worker *self, uint16_t slot)
{
	struct dp_shaper *s = &dp.shaper[slot];

	if (s->credit > 0) {
		dp_bucket_refund(WEFT_BUCKET_LINK, self->w.fenced, s->credit);
		s->credit = 0;
	}
	s->rested = true;
	dp_line_leave(self, slot, WEFT_BUCKET_LINK);
}

// When the guarantee has made good what is owed, or as much as it saves up.
static void
wait_for_guarantee(struct dp_worker *self, uint16_t slot)
{
	const struct weft_byte_rate *least = &self->own[slot].plan->least;
	struct dp_shaper *s = &dp.shaper[slot];
	uint64_t cost = (uint64_t)(((unsigned __int128)least->cost * (uint64_t)-s->credit) >> WEFT_COST_SHIFT);

	if (least->cost)
		weft_wheel_set(self->wheel, slot, s->least + RTE_MIN(cost, least->depth));
}

void
dp_link_waits(struct dp_worker *self, uint16_t slot)
{
	if (dp_place_of(self, slot, WEFT_BUCKET_LINK)->bucket == 0)
		dp_line_stand(self, slot, WEFT_BUCKET_LINK);
	wait_for_guarantee(self, slot);
	if (!weft_wheel_has(self->wheel, DP_WHEEL_BUCKETS + WEFT_BUCKET_LINK))
		weft_wheel_set(self->wheel, DP_WHEEL_BUCKETS + WEFT_BUCKET_LINK, self->vec.now);
}

// The first in line has its turn. One that owes more than that stands in line again; one whose guarantee has let it go
// on meanwhile has it all the same.
static void
call(struct dp_worker *self)
{
	uint16_t slot = self->line[WEFT_BUCKET_LINK].head;
	struct dp_shaper *s = &dp.shaper[slot];

	dp_line_leave(self, slot, WEFT_BUCKET_LINK);
	if (s->credit < (int64_t)self->own[slot].plan->turn)
		pay(self, s, self->own[slot].plan->turn);
	if (s->credit < 0)
		dp_line_stand(self, slot, WEFT_BUCKET_LINK);
	else if (self->own[slot].parked)
		dp_shape_unpark(self, slot);
}

void
dp_link_next(struct dp_worker *self)
{
	uint64_t next = self->vec.now + 1, since;

	for (unsigned int i = 0; i < CALLS; i++) {
		if (self->line[WEFT_BUCKET_LINK].head == WEFT_PORT_NONE)
			return;
		if (!dp_bucket_has_some(self, WEFT_BUCKET_LINK, &since)) {
			next = since;
			break;
		}
		if (!dp_line_is_turn(self, WEFT_BUCKET_LINK, since))
			break;
		call(self);
	}
	weft_wheel_set(self->wheel, DP_WHEEL_BUCKETS + WEFT_BUCKET_LINK, next);
}

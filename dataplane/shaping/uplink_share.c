// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A ring's frames may be for any port, so what goes to the uplink is counted when it is sent, by whichever worker sends
// it. A port that has sent more than its share is not read until that is paid for: out of its guaranteed rate, which
// counts whatever others send; or out of what is left, in turns as long as its weight, over all workers (deficit round
// robin: Shreedhar and Varghese, SIGCOMM 1995); or at once, while there is enough for all.
#include "uplink_share.h"

#include "dataplane/core/state.h"

#include "bucket.h"
#include "bucket_queue.h"
#include "shaper.h"

// The most ports that get their turn in one round.
#define MOST_TURNS 64

static bool
is_scarce(const struct weft_engine_worker *self)
{
	uint64_t next;

	return !weft_bucket_has_some(WEFT_BUCKET_UPLINK, self->w.fenced, self->vec.now, &next) ||
	       !weft_bucket_queue_is_empty(WEFT_BUCKET_UPLINK);
}

static void
pay(struct weft_engine_worker *self, struct weft_shaper *s, int64_t bytes)
{
	weft_bucket_charge(WEFT_BUCKET_UPLINK, self->w.fenced, self->vec.now, bytes);
	s->credit += bytes;
}

bool
weft_uplink_share_pay(struct weft_engine_worker *self, uint16_t slot)
{
	const struct weft_byte_rate *least = &self->own[slot].plan->least;
	struct weft_shaper *s = &weft_shapers[slot];
	int64_t bytes;

	if (s->credit < 0 && least->cost) {
		bytes = RTE_MIN(weft_bytes_allowed(least, &s->guaranteed, self->vec.now), -s->credit);
		s->guaranteed += (uint64_t)(((unsigned __int128)least->cost * (uint64_t)bytes) >> WEFT_COST_SHIFT);
		pay(self, s, bytes);
	}
	return s->credit >= 0;
}

bool
weft_uplink_share_allows(struct weft_engine_worker *self, uint16_t slot, int64_t *bytes)
{
	struct weft_shaper *s = &weft_shapers[slot];
	int64_t owed = atomic_load_explicit(&weft_engine.owed[slot].bytes, memory_order_relaxed), most;
	bool was_empty = s->found_empty, scarce;

	if (owed) {
		atomic_fetch_sub_explicit(&weft_engine.owed[slot].bytes, owed, memory_order_relaxed);
		s->credit -= owed;
	}
	s->found_empty = false;
	// The last packets went elsewhere: the next ones probably do too.
	if (owed == 0 && s->credit == 0 && !was_empty)
		return true;
	scarce = is_scarce(self);
	if (s->credit < 0 && !scarce)
		pay(self, s, -s->credit);
	if (!weft_uplink_share_pay(self, slot))
		return false;
	most = scarce ? s->credit : weft_bucket_allowed(WEFT_BUCKET_UPLINK, self->w.fenced, self->vec.now);
	*bytes = RTE_MIN(*bytes, RTE_MAX(most, (int64_t)self->own[slot].plan->turn));
	return true;
}

void
weft_uplink_share_return(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_shaper *s = &weft_shapers[slot];

	if (s->credit > 0) {
		weft_bucket_refund(WEFT_BUCKET_UPLINK, self->w.fenced, s->credit);
		s->credit = 0;
	}
	s->found_empty = true;
	weft_bucket_queue_leave(self, slot, WEFT_BUCKET_UPLINK);
}

// Sets the wheel for when the guaranteed rate has paid for what the port owes, or for as much as it saves up.
static void
wait_for_guarantee(struct weft_engine_worker *self, uint16_t slot)
{
	const struct weft_byte_rate *least = &self->own[slot].plan->least;
	struct weft_shaper *s = &weft_shapers[slot];
	uint64_t cost = (uint64_t)(((unsigned __int128)least->cost * (uint64_t)-s->credit) >> WEFT_COST_SHIFT);

	if (least->cost)
		weft_wheel_set(self->shaping.wheel, slot, s->guaranteed + RTE_MIN(cost, least->depth));
}

void
weft_uplink_share_wait(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_wheel *wheel = self->shaping.wheel;

	if (weft_bucket_queue_place(self, slot, WEFT_BUCKET_UPLINK)->bucket == 0)
		weft_bucket_queue_join(self, slot, WEFT_BUCKET_UPLINK);
	wait_for_guarantee(self, slot);
	if (!weft_wheel_has(wheel, WEFT_WHEEL_BUCKETS + WEFT_BUCKET_UPLINK))
		weft_wheel_set(wheel, WEFT_WHEEL_BUCKETS + WEFT_BUCKET_UPLINK, self->vec.now);
}

// Gives the first port in the queue its turn. A port that owes more than a turn joins the queue again. A port that its
// guaranteed rate has unparked meanwhile gets its turn all the same.
static void
give_turn(struct weft_engine_worker *self)
{
	uint16_t slot = self->shaping.queue[WEFT_BUCKET_UPLINK].head;
	struct weft_shaper *s = &weft_shapers[slot];

	weft_bucket_queue_leave(self, slot, WEFT_BUCKET_UPLINK);
	if (s->credit < (int64_t)self->own[slot].plan->turn)
		pay(self, s, self->own[slot].plan->turn);
	if (s->credit < 0)
		weft_bucket_queue_join(self, slot, WEFT_BUCKET_UPLINK);
	else if (self->own[slot].parked)
		weft_shaper_unpark(self, slot);
}

void
weft_uplink_share_next(struct weft_engine_worker *self)
{
	uint64_t next = self->vec.now + 1, since;

	for (unsigned int i = 0; i < MOST_TURNS; i++) {
		if (self->shaping.queue[WEFT_BUCKET_UPLINK].head == WEFT_PORT_NONE)
			return;
		if (!weft_bucket_has_some(WEFT_BUCKET_UPLINK, self->w.fenced, self->vec.now, &since)) {
			next = since;
			break;
		}
		if (!weft_bucket_queue_is_turn(self, WEFT_BUCKET_UPLINK, since))
			break;
		give_turn(self);
	}
	weft_wheel_set(self->shaping.wheel, WEFT_WHEEL_BUCKETS + WEFT_BUCKET_UPLINK, next);
}

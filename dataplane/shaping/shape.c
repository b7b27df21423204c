// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "shape.h"

#include "bucket.h"
#include "bucket_queue.h"
#include "pacer.h"
#include "shaper.h"
#include "tenant_share.h"
#include "uplink_share.h"

#define DUE_BATCH 64

// The plan of ports without one that share a tenant's limit or an uplink.
static const struct weft_port_plan no_plan = { .turn = WEFT_WEIGHT_DEFAULT * WEFT_WEIGHT_BYTES };

uint16_t
weft_shape_allowed(struct weft_engine_worker *self, uint16_t slot, int64_t *bytes)
{
	const struct weft_port_plan *plan = self->own[slot].plan;
	struct weft_shaper *s = weft_shaper_of(self, slot, self->vec.now);
	uint16_t n = weft_plan_limit_allowed(&plan->from_vm, &s->from, self->vec.now, WEFT_BURST, bytes);

	s->over_share = n && self->own[slot].shares_uplink && !weft_uplink_share_allows(self, slot, bytes);
	if (s->over_share)
		n = 0;
	if (self->own[slot].bucket && n) {
		// A port that waited for its turn got its bytes with it.
		if (s->took == 0)
			s->took = weft_bucket_take(self->own[slot].bucket, self->w.fenced, self->vec.now,
				RTE_MIN(*bytes, (int64_t)WEFT_BUCKET_TURN));
		*bytes = RTE_MIN(*bytes, s->took);
		n = *bytes ? n : 0;
	}
	s->asked = n != 0;
	return n;
}

void
weft_shape_charge(struct weft_engine_worker *self, uint16_t slot, uint16_t n, uint64_t bytes)
{
	struct weft_shaper *s = &weft_shapers[slot];

	weft_plan_limit_spend(&self->own[slot].plan->from_vm, &s->from, n, bytes);
	if (self->own[slot].bucket) {
		weft_bucket_settle(self->own[slot].bucket, self->w.fenced, s->took, (int64_t)bytes);
		weft_tenant_share_next(self, self->own[slot].bucket);
	}
	s->took = 0;
	if (self->own[slot].shares_uplink && s->asked && n == 0)
		weft_uplink_share_return(self, slot);
	// The time that the port was parked counts only if a packet waited.
	if (n && s->parked) {
		s->throttled += s->parked;
		s->stats.tenant += s->waits_for == WEFT_WAIT_TENANT ? s->parked : 0;
		s->stats.uplink += s->waits_for == WEFT_WAIT_UPLINK ? s->parked : 0;
	}
	if (s->asked)
		s->parked = 0;
}

bool
weft_shape_park(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_shaper *s = &weft_shapers[slot];
	uint64_t next = weft_plan_limit_next(&self->own[slot].plan->from_vm, &s->from);

	if (next > self->vec.now) {
		s->waits_for = WEFT_WAIT_PLAN;
		weft_wheel_set(self->shaping.wheel, slot, next);
	} else if (s->over_share) {
		s->waits_for = WEFT_WAIT_UPLINK;
		weft_uplink_share_wait(self, slot);
	} else if (self->own[slot].bucket && weft_tenant_share_wait(self, slot)) {
		s->waits_for = WEFT_WAIT_TENANT;
	} else {
		return false;
	}
	// It may have been parked before, for another reason, without a read since: both times count.
	s->parked = self->vec.now - s->parked;
	self->own[slot].parked = true;
	return true;
}

// The time of the port's plan has come, or of its guaranteed rate, which may not pay for all that it owes.
static void
wake(struct weft_engine_worker *self, uint16_t slot)
{
	if (weft_shapers[slot].waits_for == WEFT_WAIT_UPLINK && !weft_uplink_share_pay(self, slot))
		weft_uplink_share_wait(self, slot);
	else
		weft_shaper_unpark(self, slot);
}

void
weft_shape_expire(struct weft_engine_worker *self)
{
	uint32_t ids[DUE_BATCH], n;

	do {
		n = weft_wheel_expire(self->shaping.wheel, self->vec.now, ids, DUE_BATCH);
		for (uint32_t i = 0; i < n; i++) {
			if (ids[i] < WEFT_WHEEL_QUEUES)
				wake(self, (uint16_t)ids[i]);
			else if (ids[i] < WEFT_WHEEL_BUCKETS)
				weft_pacer_drain(self, (uint16_t)(ids[i] - WEFT_WHEEL_QUEUES), self->vec.now);
			else if (ids[i] == WEFT_WHEEL_BUCKETS + WEFT_BUCKET_UPLINK)
				weft_uplink_share_next(self);
			else
				weft_tenant_share_next(self, (uint16_t)(ids[i] - WEFT_WHEEL_BUCKETS));
		}
	} while (n == DUE_BATCH);
}

void
weft_shape_adopt(struct weft_engine_worker *self, uint16_t slot, const struct weft_port_conf *port)
{
	struct weft_own_port *own = &self->own[slot];
	struct weft_shaper *s = &weft_shapers[slot];
	bool alone = own->gen && port->owner == self->w.id;
	uint16_t before = own->bucket;

	// The frames that wait go with the port.
	if (own->gen == 0 && own->token)
		weft_pacer_count_out(self, slot);
	// The tenant's other ports get what this one took and has not read yet.
	if (before && own->token) {
		weft_bucket_settle(before, self->w.fenced, s->took, 0);
		s->took = 0;
	}
	own->plan_changed = true;
	if (own->parked)
		weft_shaper_unpark(self, slot);
	weft_bucket_queue_leave(self, slot, own->bucket);
	weft_bucket_queue_leave(self, slot, WEFT_BUCKET_UPLINK);
	weft_wheel_remove(self->shaping.wheel, WEFT_WHEEL_QUEUES + slot);
	own->is_uplink = port->tagging == WEFT_TAG_UPLINK;
	own->shares_uplink = alone && self->shares_uplink && !own->is_uplink;
	own->bucket = own->gen ? port->bucket : 0;
	own->plan = alone && port->plan ? port->plan : own->bucket || own->shares_uplink ? &no_plan : NULL;
	if (before)
		weft_tenant_share_next(self, before);
	if (weft_owns(self, slot))
		weft_shape_claim(self, slot);
}

void
weft_shape_claim(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_shaper *s = &weft_shapers[slot];

	self->own[slot].plan_changed = true;
	if (likely(s->stats.n == 0))
		return;
	weft_pacer_count_in(self, slot);
	if (s->gen != self->own[slot].gen)
		weft_pacer_drop_all(self, slot);
	else if (weft_pacer_paces(self, slot))
		weft_wheel_set(self->shaping.wheel, WEFT_WHEEL_QUEUES + slot, self->vec.now);
	else
		weft_pacer_send_all(self, slot);
}

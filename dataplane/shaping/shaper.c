// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "shaper.h"

#include "dataplane/core/poll_list.h"
#include "dataplane/core/state.h"

struct weft_shaper weft_shapers[WEFT_MAX_PORTS];

void
weft_shaper_renew(struct weft_engine_worker *self, uint16_t slot, uint64_t now)
{
	const struct weft_port_plan *plan = self->own[slot].plan;
	struct weft_shaper *s = &weft_shapers[slot];
	bool afresh = s->gen != self->own[slot].gen;

	self->own[slot].plan_changed = false;
	if (afresh || !weft_plan_limit_is(&plan->from_vm, &s->from))
		weft_plan_limit_change(&plan->from_vm, &s->from, now, afresh);
	if (afresh || !weft_plan_limit_is(&plan->to_vm, &s->to))
		weft_plan_limit_change(&plan->to_vm, &s->to, now, afresh);
	s->gen = self->own[slot].gen;
	if (!afresh)
		return;
	s->took = 0;
	s->credit = 0;
	s->guaranteed = now;
	s->found_empty = true;
	atomic_store_explicit(&weft_engine.owed[slot].bytes, 0, memory_order_relaxed);
}

void
weft_shaper_unpark(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_shaper *s = &weft_shapers[slot];

	weft_wheel_remove(self->shaping.wheel, slot);
	self->own[slot].parked = false;
	s->parked = self->vec.now - s->parked;
	weft_poll_list_unpark(self, slot);
}

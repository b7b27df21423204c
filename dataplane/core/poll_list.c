// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "poll_list.h"

static void
put(struct weft_engine_worker *self, uint16_t pos, uint16_t slot)
{
	self->poll.slot[pos] = slot;
	self->own[slot].pos = pos;
}

// Swaps SLOT with the slot at TO.
static void
move(struct weft_engine_worker *self, uint16_t slot, uint16_t to)
{
	put(self, self->own[slot].pos, self->poll.slot[to]);
	put(self, to, slot);
}

void
weft_poll_list_add(struct weft_engine_worker *self, uint16_t slot)
{
	put(self, self->poll.n_owned++, slot);
	move(self, slot, self->poll.n_polled++);
}

void
weft_poll_list_activate(struct weft_engine_worker *self, uint16_t slot)
{
	move(self, slot, self->poll.n_active++);
}

void
weft_poll_list_deactivate(struct weft_engine_worker *self, uint16_t slot)
{
	move(self, slot, --self->poll.n_active);
}

void
weft_poll_list_park(struct weft_engine_worker *self, uint16_t slot)
{
	if (self->own[slot].pos < self->poll.n_active)
		weft_poll_list_deactivate(self, slot);
	move(self, slot, --self->poll.n_polled);
}

void
weft_poll_list_unpark(struct weft_engine_worker *self, uint16_t slot)
{
	move(self, slot, self->poll.n_polled++);
	weft_poll_list_activate(self, slot);
}

// Of the slots from FROM to END, keeps those that the worker still owns, and puts them from N on. Returns where they
// end.
static uint16_t
keep_owned(struct weft_engine_worker *self, uint16_t from, uint16_t end, uint16_t n)
{
	for (uint16_t i = from; i < end; i++)
		if (self->own[self->poll.slot[i]].gen)
			put(self, n++, self->poll.slot[i]);
	return n;
}

void
weft_poll_list_compact(struct weft_engine_worker *self)
{
	uint16_t n_active = keep_owned(self, 0, self->poll.n_active, 0);
	uint16_t n_polled = keep_owned(self, self->poll.n_active, self->poll.n_polled, n_active);

	self->poll.n_owned = keep_owned(self, self->poll.n_polled, self->poll.n_owned, n_polled);
	self->poll.n_active = n_active;
	self->poll.n_polled = n_polled;
}

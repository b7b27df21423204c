// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A worker's list of the slots that it owns, in three parts: the active ones, which are read in every round; the idle
// ones, which are read in turns; and those that wait for their plan, which are not read.
#include "core.h"

static void
put(struct dp_worker *self, uint16_t pos, uint16_t slot)
{
	self->list[pos] = slot;
	self->own[slot].pos = pos;
}

static void
move(struct dp_worker *self, uint16_t slot, uint16_t to)
{
	put(self, self->own[slot].pos, self->list[to]);
	put(self, to, slot);
}

void
dp_list_add(struct dp_worker *self, uint16_t slot)
{
	put(self, self->n_owned++, slot);
	move(self, slot, self->n_polled++);
}

void
dp_list_activate(struct dp_worker *self, uint16_t slot)
{
	move(self, slot, self->n_active++);
}

void
dp_list_idle(struct dp_worker *self, uint16_t slot)
{
	move(self, slot, --self->n_active);
}

void
dp_list_park(struct dp_worker *self, uint16_t slot)
{
	if (self->own[slot].pos < self->n_active)
		dp_list_idle(self, slot);
	move(self, slot, --self->n_polled);
}

void
dp_list_wake(struct dp_worker *self, uint16_t slot)
{
	move(self, slot, self->n_polled++);
	dp_list_activate(self, slot);
}

// Keeps the slots from FROM to END that are the worker's own, from N on. Returns where they end.
static uint16_t
keep(struct dp_worker *self, uint16_t from, uint16_t end, uint16_t n)
{
	for (uint16_t i = from; i < end; i++)
		if (self->own[self->list[i]].gen)
			put(self, n++, self->list[i]);
	return n;
}

void
dp_list_compact(struct dp_worker *self)
{
	uint16_t n_active = keep(self, 0, self->n_active, 0);
	uint16_t n_polled = keep(self, self->n_active, self->n_polled, n_active);

	self->n_owned = keep(self, self->n_polled, self->n_owned, n_polled);
	self->n_active = n_active;
	self->n_polled = n_polled;
}

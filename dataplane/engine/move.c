// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port changes its worker: its connections go first, as they are, over a ring; the port's token follows. While that
// lasts nobody reads the port, and nothing is lost but what does not fit into its ring.
#include "dataplane/core/core.h"

// Records looked at in one round.
#define STEP 4096

void
dp_move_begin(struct dp_worker *self, uint16_t slot)
{
	// One that left, came back and leaves again stands there twice, until all are gone.
	if (self->n_leaving == WEFT_MAX_PORTS) {
		dp_give_back(self, slot);
		return;
	}
	self->leaving[self->n_leaving++] = slot;
	self->next_leaving = 1;
}

// The worker that a connection belongs to; this one where it has no other.
static uint16_t
owner_of(const struct dp_worker *self, const struct weft_session *s)
{
	uint16_t owner = weft_snapshot_slot(self->w.snap, weft_session_home(s->key.slot[0], s->key.slot[1]))->owner;

	return owner < dp.n_workers ? owner : self->w.id;
}

static void
give_back_all(struct dp_worker *self)
{
	for (uint16_t i = 0; i < self->n_leaving; i++) {
		uint16_t slot = self->leaving[i];

		// It may have come back meanwhile.
		if (self->own[slot].held && self->own[slot].held != self->own[slot].gen)
			dp_give_back(self, slot);
	}
	self->n_leaving = 0;
}

void
dp_move_sessions(struct dp_worker *self)
{
	struct weft_sessions *t = self->w.sessions;
	uint32_t end = RTE_MIN(self->next_leaving + STEP, t->high + 1);

	for (; self->next_leaving < end; self->next_leaving++) {
		struct weft_session *s = &t->rec[self->next_leaving];
		uint16_t owner;

		if (s->state == WEFT_SESSION_FREE || (owner = owner_of(self, s)) == self->w.id)
			continue;
		// Where the ring is full, the next round goes on from here.
		if (rte_ring_sp_enqueue_elem(dp.moving[self->w.id][owner], s, sizeof(*s)))
			return;
		t->moved++;
		weft_session_remove(t, self->next_leaving);
	}
	if (self->next_leaving > t->high)
		give_back_all(self);
}

void
dp_move_receive(struct dp_worker *self)
{
	struct weft_session s;

	for (uint16_t from = 0; from < dp.n_workers; from++) {
		if (from == self->w.id)
			continue;
		while (unlikely(rte_ring_sc_dequeue_elem(dp.moving[from][self->w.id], &s, sizeof(s)) == 0))
			weft_session_adopt(self->w.sessions, &s);
	}
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "move.h"

#include "dataplane/core/state.h"

#include "token.h"

// Records looked at in one round.
#define STEP 4096

void
weft_move_begin(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_moving *moving = &self->moving;

	// A port that left, came back and leaves again is in the list twice, until the list is empty: it may be full.
	if (moving->n == WEFT_MAX_PORTS) {
		weft_token_release(self, slot);
		return;
	}
	moving->slot[moving->n++] = slot;
	moving->next = 1;
}

// The worker that owns a connection; this one where no other does.
static uint16_t
owner_of(const struct weft_engine_worker *self, const struct weft_session *s)
{
	uint16_t owner = weft_snapshot_slot(self->w.snap, weft_session_home(s->key.slot[0], s->key.slot[1]))->owner;

	return owner < weft_engine.n_workers ? owner : self->w.id;
}

static void
release_all(struct weft_engine_worker *self)
{
	for (uint16_t i = 0; i < self->moving.n; i++) {
		uint16_t slot = self->moving.slot[i];

		// The port may have come back meanwhile.
		if (self->own[slot].token && self->own[slot].token != self->own[slot].gen)
			weft_token_release(self, slot);
	}
	self->moving.n = 0;
}

void
weft_move_send(struct weft_engine_worker *self)
{
	struct weft_sessions *t = self->w.firewall.sessions;
	struct weft_moving *moving = &self->moving;
	uint32_t end = RTE_MIN(moving->next + STEP, t->high + 1);

	for (; moving->next < end; moving->next++) {
		struct weft_session *s = &t->rec[moving->next];
		uint16_t owner;

		if (s->state == WEFT_SESSION_FREE || (owner = owner_of(self, s)) == self->w.id)
			continue;
		// Where the ring is full, the next round continues here.
		if (rte_ring_sp_enqueue_elem(weft_engine.moving[self->w.id][owner], s, sizeof(*s)))
			return;
		t->moved++;
		weft_session_remove(t, moving->next);
	}
	if (moving->next > t->high)
		release_all(self);
}

void
weft_move_receive(struct weft_engine_worker *self)
{
	struct weft_session s;

	for (uint16_t from = 0; from < weft_engine.n_workers; from++) {
		if (from == self->w.id)
			continue;
		while (unlikely(rte_ring_sc_dequeue_elem(weft_engine.moving[from][self->w.id], &s, sizeof(s)) == 0))
			weft_session_adopt(self->w.firewall.sessions, &s);
	}
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "token.h"

#include "dataplane/core/state.h"
#include "dataplane/shaping/shape.h"

static uint32_t
token_of(uint16_t gen, uint16_t worker)
{
	return (uint32_t)gen << 16 | worker;
}

static bool
claim(struct weft_engine_worker *self, uint16_t slot)
{
	struct weft_portio *io = &weft_engine.ports[slot];
	struct weft_own_port *own = &self->own[slot];
	uint32_t nobody = 0; // no token has this value: a generation is never 0

	if (io->each_worker || atomic_compare_exchange_strong(&io->token, &nobody, token_of(own->gen, self->w.id))) {
		own->token = own->gen;
		weft_shape_claim(self, slot);
		return true;
	}
	return false;
}

void
weft_token_claim(struct weft_engine_worker *self)
{
	self->n_waiting = 0;
	for (uint16_t i = 0; i < self->poll.n_owned; i++)
		if (!weft_owns(self, self->poll.slot[i]) && !claim(self, self->poll.slot[i]))
			self->n_waiting++;
}

void
weft_token_release(struct weft_engine_worker *self, uint16_t slot)
{
	uint32_t mine = token_of(self->own[slot].token, self->w.id);

	// Fails, as it must, where the slot has another port since.
	atomic_compare_exchange_strong(&weft_engine.ports[slot].token, &mine, 0);
	self->own[slot].token = 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "notify.h"

#include "state.h"

void
weft_notify_later(struct weft_engine_worker *self, uint16_t slot)
{
	if (self->own[slot].notify || weft_engine.ports[slot].ops->notify == NULL)
		return;
	self->own[slot].notify = true;
	self->notify.slot[self->notify.n++] = slot;
}

void
weft_notify_ports(struct weft_engine_worker *self)
{
	for (uint16_t i = 0; i < self->notify.n; i++) {
		struct weft_portio *io = &weft_engine.ports[self->notify.slot[i]];

		io->ops->notify(io);
		self->own[io->slot].notify = false;
	}
	self->notify.n = 0;
}

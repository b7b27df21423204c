// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The ports' devices, and which worker may use each. A port's token goes from one worker to the next: the
// former owner gives it back when it sees a snapshot in which the port is not its own any more, and only
// then does the next one take it.
#include <stdlib.h>

#include "dataplane.h"

static const struct weft_io_ops *const ops_of[WEFT_N_ATTACH_TYPES] = {
	[WEFT_ATTACH_VHOST_USER] = &weft_vhost_ops,
	[WEFT_ATTACH_ETH] = &weft_ethdev_ops,
};

struct closing {
	uint16_t slot;
	void (*done)(uint16_t slot);
};

int
weft_engine_open_port(uint16_t slot, const struct weft_attach *attach, struct weft_error *err)
{
	struct weft_portio *io = &dp.ports[slot];
	int ret;

	io->pool = dp.pool;
	io->each_worker = false;
	atomic_store(&io->token, 0);
	atomic_store(&io->link, false);
	ret = ops_of[attach->type]->open(io, attach, err);
	if (ret == 0)
		io->ops = ops_of[attach->type];
	return ret;
}

static void
run_close(void *arg)
{
	struct closing *closing = arg;
	struct weft_portio *io = &dp.ports[closing->slot];

	io->ops->close(io);
	io->ops = NULL;
	closing->done(closing->slot);
	free(closing);
}

void
weft_engine_close_port(uint16_t slot, void (*done)(uint16_t slot))
{
	struct closing *closing = malloc(sizeof(*closing));

	if (closing) {
		*closing = (struct closing){ .slot = slot, .done = done };
		if (dp_defer(run_close, closing) == 0)
			return;
		free(closing);
	}
	dp_quiesce();
	dp.ports[slot].ops->close(&dp.ports[slot]);
	dp.ports[slot].ops = NULL;
	done(slot);
}

void
weft_engine_port_status(uint16_t slot, struct weft_io_status *status)
{
	struct weft_portio *io = &dp.ports[slot];

	*status = (struct weft_io_status){ 0 };
	if (io->ops)
		io->ops->status(io, status);
}

bool
weft_engine_port_shared(uint16_t slot)
{
	return dp.ports[slot].each_worker;
}

void
dp_ports_fini(void)
{
	for (unsigned int i = 0; i < WEFT_MAX_PORTS; i++) {
		if (dp.ports[i].ops)
			dp.ports[i].ops->close(&dp.ports[i]);
		dp.ports[i].ops = NULL;
	}
}

static bool
claim(struct dp_worker *self, uint16_t slot)
{
	struct own_port *own = &self->own[slot];
	uint32_t nobody = 0;

	// Token value 0 means nobody: a generation is never 0.
	if (dp.ports[slot].each_worker ||
		atomic_compare_exchange_strong(&dp.ports[slot].token, &nobody, dp_token(own->gen, self->w.id))) {
		own->held = own->gen;
		return true;
	}
	return false;
}

static void
give_back(struct dp_worker *self, uint16_t slot)
{
	uint32_t mine = dp_token(self->own[slot].held, self->w.id);

	// Fails, rightly, where the slot has got another port since.
	atomic_compare_exchange_strong(&dp.ports[slot].token, &mine, 0);
	self->own[slot].held = 0;
}

void
dp_claim_waiting(struct dp_worker *self)
{
	self->n_waiting = 0;
	for (uint16_t i = 0; i < self->n_owned; i++)
		if (!dp_holds(self, self->list[i]) && !claim(self, self->list[i]))
			self->n_waiting++;
}

void
dp_adopt(struct dp_worker *self, const struct weft_snapshot *snap)
{
	uint16_t n = 0;

	for (uint32_t slot = 1; slot < WEFT_MAX_PORTS; slot++) {
		const struct weft_port_conf *port = slot < snap->n_ports ? &snap->ports[slot] : NULL;
		struct own_port *own = &self->own[slot];
		uint16_t gen = port && (port->owner == self->w.id || port->owner == WEFT_OWNER_EACH) ? port->gen : 0;

		if (own->held && own->held != gen)
			give_back(self, slot);
		if (own->gen != gen)
			own->empty = 0;
		own->gen = gen;
		if (gen)
			self->list[n++] = slot;
	}
	// All start as active: the idle ones show themselves soon.
	self->n_owned = n;
	self->n_active = n;
	self->next_active = self->next_idle = 0;
	self->version = snap->version;
	dp_claim_waiting(self);
}

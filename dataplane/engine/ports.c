// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The ports' devices, and which worker may use each. A port's token goes from one worker to the next: the
// former owner gives it back when it sees a snapshot in which the port is not its own any more and has sent the port's
// connections after it, and only then does the next one take it.
#include <stdlib.h>

#include "dataplane/core/core.h"

static const struct weft_io_ops *const ops_of[WEFT_N_ATTACH_TYPES] = {
	[WEFT_ATTACH_VHOST_USER] = &weft_vhost_ops,
	[WEFT_ATTACH_ETH] = &weft_ethdev_ops,
};

struct closing {
	uint16_t slot;
	void (*done)(void *arg, uint16_t slot);
	void *arg;
};

int
weft_engine_open_port(uint16_t slot, const struct weft_attach *attach, struct weft_error *err)
{
	struct weft_portio *io = &dp.ports[slot];
	int ret;

	io->pool = dp.pool;
	io->each_worker = false;
	io->mac = 0;
	atomic_store(&io->token, 0);
	atomic_store(&io->link, false);
	ret = ops_of[attach->type]->open(io, attach, err);
	if (ret == 0)
		io->ops = ops_of[attach->type];
	atomic_store(&dp.mac[slot], io->mac);
	return ret;
}

// Other hosts have slots without a device.
static void
close_device(struct weft_portio *io)
{
	if (io->ops)
		io->ops->close(io);
	io->ops = NULL;
}

static void
run_close(void *arg)
{
	struct closing *closing = arg;
	struct weft_portio *io = &dp.ports[closing->slot];

	close_device(io);
	closing->done(closing->arg, closing->slot);
	free(closing);
}

void
weft_engine_close_port(uint16_t slot, void (*done)(void *arg, uint16_t slot), void *arg)
{
	struct closing *closing = malloc(sizeof(*closing));

	if (closing) {
		*closing = (struct closing){ .slot = slot, .done = done, .arg = arg };
		if (dp_defer(run_close, closing) == 0)
			return;
		free(closing);
	}
	dp_quiesce();
	close_device(&dp.ports[slot]);
	done(arg, slot);
}

void
weft_engine_port_status(uint16_t slot, struct weft_io_status *status)
{
	struct weft_portio *io = &dp.ports[slot];

	*status = (struct weft_io_status){ .device = WEFT_NO_DEVICE, .eswitch = WEFT_NO_DEVICE };
	if (io->ops)
		io->ops->status(io, status);
}

int
weft_engine_port_set_mtu(uint16_t slot, uint16_t mtu)
{
	struct weft_portio *io = &dp.ports[slot];

	return io->ops && io->ops->set_mtu ? io->ops->set_mtu(io, mtu) : 0;
}

int
weft_engine_port_set_wire(uint16_t slot, const struct weft_wire *wire)
{
	struct weft_portio *io = &dp.ports[slot];

	return io->ops && io->ops->set_wire ? io->ops->set_wire(io, wire) : 0;
}

bool
weft_engine_port_wire_counts(uint16_t slot, struct weft_wire_count counts[WEFT_WIRE_N_COUNTS])
{
	struct weft_portio *io = &dp.ports[slot];

	return io->ops && io->ops->wire_counts && io->ops->wire_counts(io, counts);
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
		close_device(&dp.ports[i]);
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
		dp_shape_claim(self, slot);
		return true;
	}
	return false;
}

void
dp_give_back(struct dp_worker *self, uint16_t slot)
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

// The port is no more.
static void
give_up(struct dp_worker *self, uint16_t slot)
{
	dp_shape_empty(self, slot, true);
	dp_give_back(self, slot);
}

// What the worker has to do with SLOT from now on. Returns whether it leaves the worker's list.
static bool
adopt_slot(struct dp_worker *self, uint16_t slot, const struct weft_port_conf *port)
{
	struct own_port *own = &self->own[slot];
	uint16_t gen = port->owner == self->w.id || port->owner == WEFT_OWNER_EACH ? port->gen : 0, was = own->gen;

	if (own->held && own->held != gen) {
		if (port->gen == own->held && port->owner < dp.n_workers)
			dp_move_begin(self, slot);
		else
			give_up(self, slot);
	}
	if (was != gen) {
		own->gen = gen;
		own->empty = 0;
		// New ones stand among the idle: one that has something shows itself soon.
		if (was == 0)
			dp_list_add(self, slot);
	}
	if (gen || was)
		dp_shape_adopt(self, slot, port);
	return was && gen == 0;
}

void
dp_adopt(struct dp_worker *self, const struct weft_snapshot *snap)
{
	bool gone = false, all = snap->link != self->link;

	self->link = snap->link;
	for (unsigned int page = 0; page < WEFT_PORT_PAGES; page++) {
		if (snap->port_version[page] <= self->version && !all)
			continue;
		for (unsigned int i = 0; i < WEFT_PAGE; i++)
			gone |= adopt_slot(self, page * WEFT_PAGE + i, &snap->port_page[page]->port[i]);
	}
	if (gone)
		dp_list_compact(self);
	self->version = snap->version;
	dp_claim_waiting(self);
}

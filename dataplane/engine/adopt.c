// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "adopt.h"

#include "dataplane/core/poll_list.h"
#include "dataplane/core/state.h"
#include "dataplane/shaping/pacer.h"
#include "dataplane/shaping/shape.h"

#include "move.h"
#include "token.h"

// The port that the worker had in SLOT does not exist any more.
static void
give_up(struct weft_engine_worker *self, uint16_t slot)
{
	weft_pacer_drop_all(self, slot);
	weft_token_release(self, slot);
}

static void
enlist(const struct weft_io_ops *ops)
{
	if (ops && ops->enlist)
		ops->enlist();
}

// SLOT holds PORT now. Returns whether the slot has to leave the worker's poll list.
static bool
adopt_slot(struct weft_engine_worker *self, uint16_t slot, const struct weft_port_conf *port)
{
	struct weft_own_port *own = &self->own[slot];
	uint16_t gen = port->owner == self->w.id || port->owner == WEFT_OWNER_EACH ? port->gen : 0, was = own->gen;

	if (own->token && own->token != gen) {
		if (port->gen == own->token && port->owner < weft_engine.n_workers)
			weft_move_begin(self, slot);
		else
			give_up(self, slot);
	}
	if (was != gen) {
		if (gen)
			enlist(weft_engine.ports[slot].ops);
		own->gen = gen;
		own->empty = 0;
		// A new port is idle until it sends: that is found out soon.
		if (was == 0)
			weft_poll_list_add(self, slot);
	}
	if (gen || was)
		weft_shape_adopt(self, slot, port);
	return was && gen == 0;
}

void
weft_adopt_snapshot(struct weft_engine_worker *self, const struct weft_snapshot *snap)
{
	bool gone = false, all = snap->uplink_shared != self->shares_uplink;

	self->shares_uplink = snap->uplink_shared;
	for (unsigned int page = 0; page < WEFT_PORT_PAGES; page++) {
		if (snap->port_version[page] <= self->version && !all)
			continue;
		for (unsigned int i = 0; i < WEFT_PAGE; i++)
			gone |= adopt_slot(self, page * WEFT_PAGE + i, &snap->port_page[page]->port[i]);
	}
	if (gone)
		weft_poll_list_compact(self);
	self->version = snap->version;
	weft_token_claim(self);
}

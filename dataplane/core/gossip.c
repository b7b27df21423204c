// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "gossip.h"

#include "state.h"
#include "weft/groups.h"

void
weft_gossip_send(struct weft_worker *worker, const struct weft_fdb_message *message)
{
	struct weft_fdb_message copy = *message;

	for (uint16_t to = 0; to < weft_engine.n_workers; to++)
		if (to != worker->id &&
			rte_ring_sp_enqueue_elem(weft_engine.gossip[worker->id][to], &copy, sizeof(copy)))
			weft_engine_worker_of(worker)->stats.fdb_messages_lost++;
}

void
weft_gossip_receive(struct weft_engine_worker *self)
{
	struct weft_fdb_message messages[WEFT_BURST];

	for (uint16_t from = 0; from < weft_engine.n_workers; from++) {
		unsigned int n;

		if (from == self->w.id)
			continue;
		n = rte_ring_sc_dequeue_burst_elem(
			weft_engine.gossip[from][self->w.id], messages, sizeof(messages[0]), WEFT_BURST, NULL);
		for (unsigned int i = 0; i < n; i++)
			if (messages[i].what)
				weft_groups_hear(&self->w, &messages[i]);
			else
				weft_fdb_hear(&self->w, &messages[i]);
	}
}

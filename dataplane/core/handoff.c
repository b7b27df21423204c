// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "handoff.h"

#include <rte_prefetch.h>

#include "pipeline/send/drop.h"

#include "state.h"

void
weft_handoff_flush(struct weft_worker *worker, uint16_t peer)
{
	struct weft_txbuf *buf = &worker->outbox.worker[peer];
	struct rte_ring *ring = weft_engine.handoff[worker->id][peer];
	unsigned int n = buf->n, sent = RTE_MIN(n, rte_ring_free_count(ring));

	buf->n = 0;
	// Counted first: packets in the ring belong to the other worker. There is one producer, so the room stays.
	for (unsigned int i = 0; i < sent; i++)
		worker->counters.port[buf->pkts[i]->port].passed++;
	rte_ring_sp_enqueue_bulk(ring, (void *const *)buf->pkts, sent, NULL);
	for (unsigned int i = sent; i < n; i++)
		weft_drop_mbuf(worker, buf->pkts[i], WEFT_DROP_HANDOFF_FULL);
}

// This worker has M's connection: M runs through the chain with the vector that is being filled.
static void
add_to_vector(struct weft_engine_worker *self, struct rte_mbuf *m)
{
	struct weft_vec *vec = &self->vec;

	vec->passed |= UINT64_C(1) << vec->n;
	vec->lanes[vec->n].in = m->port;
	vec->pkts[vec->n++] = m;
}

static void
take(struct weft_engine_worker *self, struct rte_mbuf *m)
{
	uint16_t slot = (uint16_t)m->hash.usr, gen = m->hash.usr >> 16;
	const struct weft_port_conf *port = weft_snapshot_port(self->w.snap, slot, gen);

	self->w.counters.port[m->port].adopted++;
	if (m->hash.usr == 0)
		add_to_vector(self, m);
	else if (unlikely(port == NULL))
		weft_drop_mbuf(&self->w, m, WEFT_DROP_OUT_PORT_GONE);
	else if (unlikely(port->owner != self->w.id && port->owner < weft_engine.n_workers))
		weft_out_worker(&self->w, port->owner, slot, gen, m); // the port moved while M was on its way
	else
		weft_out_port(&self->w, slot, m);
}

unsigned int
weft_handoff_receive(struct weft_engine_worker *self)
{
	struct rte_mbuf *pkts[WEFT_BURST];
	unsigned int total = 0;

	for (uint16_t i = 0; i < weft_engine.n_workers; i++) {
		uint16_t from = (self->next_peer + i) % weft_engine.n_workers;
		unsigned int n;

		// Any packet may go into the vector, so it must have room for a burst.
		if (from == self->w.id || self->vec.n > WEFT_VEC_SIZE - WEFT_BURST)
			continue;
		n = rte_ring_sc_dequeue_burst(weft_engine.handoff[from][self->w.id], (void **)pkts, WEFT_BURST, NULL);
		for (unsigned int k = 0; k < n; k++)
			rte_prefetch0(pkts[k]);
		for (unsigned int k = 0; k < n; k++)
			take(self, pkts[k]);
		total += n;
	}
	self->next_peer++;
	return total;
}

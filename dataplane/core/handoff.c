// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rings between every two workers: packets for the other's ports, and news of learned addresses. Each has
// one producer and one consumer, so a worker that is interrupted holds nobody up.
#include <stdio.h>

#include "core.h"

#include "pipeline/send/drop.h"

#define HANDOFF_SIZE 1024
#define GOSSIP_SIZE  1024
#define MOVING_SIZE  512

int
dp_handoff_init(struct weft_error *err)
{
	char name[32];

	for (uint16_t from = 0; from < dp.n_workers; from++) {
		for (uint16_t to = 0; to < dp.n_workers; to++) {
			if (from == to)
				continue;
			snprintf(name, sizeof(name), "handoff_%u_%u", from, to);
			dp.handoff[from][to] =
				rte_ring_create(name, HANDOFF_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			snprintf(name, sizeof(name), "moving_%u_%u", from, to);
			dp.moving[from][to] = rte_ring_create_elem(name, sizeof(struct weft_session), MOVING_SIZE,
				SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			snprintf(name, sizeof(name), "gossip_%u_%u", from, to);
			dp.gossip[from][to] = rte_ring_create_elem(name, sizeof(struct weft_fdb_message), GOSSIP_SIZE,
				SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
			if (!dp.handoff[from][to] || !dp.moving[from][to] || !dp.gossip[from][to])
				return weft_fail(err, ENOMEM,
					"no memory for the rings between %u workers: raise \"memory_mb\"",
					dp.n_workers);
		}
	}
	return 0;
}

void
dp_handoff_fini(void)
{
	struct rte_mbuf *m;

	for (uint16_t from = 0; from < dp.n_workers; from++) {
		for (uint16_t to = 0; to < dp.n_workers; to++) {
			struct rte_ring *ring = dp.handoff[from][to];

			while (ring && rte_ring_sc_dequeue(ring, (void **)&m) == 0)
				rte_pktmbuf_free(m);
			rte_ring_free(ring);
			rte_ring_free(dp.gossip[from][to]);
			rte_ring_free(dp.moving[from][to]);
			dp.handoff[from][to] = dp.gossip[from][to] = dp.moving[from][to] = NULL;
		}
	}
}

void
dp_flush_worker(struct weft_worker *worker, uint16_t peer)
{
	struct weft_txbuf *buf = &worker->worker_out[peer];
	struct rte_ring *ring = dp.handoff[worker->id][peer];
	unsigned int n = buf->n, sent = RTE_MIN(n, rte_ring_free_count(ring));

	buf->n = 0;
	// Counted first: once in the ring, the packets are the other's. With one producer the room stays.
	for (unsigned int i = 0; i < sent; i++)
		worker->stats[buf->pkts[i]->port].passed++;
	rte_ring_sp_enqueue_bulk(ring, (void *const *)buf->pkts, sent, NULL);
	for (unsigned int i = sent; i < n; i++)
		weft_drop_mbuf(worker, buf->pkts[i], WEFT_DROP_HANDOFF_FULL);
}

// M's connection is this worker's: it runs through the chain with the vector that is being filled.
static void
judge_here(struct dp_worker *self, struct rte_mbuf *m)
{
	struct weft_vec *vec = &self->vec;

	vec->passed |= UINT64_C(1) << vec->n;
	vec->lanes[vec->n].in = m->port;
	vec->pkts[vec->n++] = m;
}

static void
take(struct dp_worker *self, struct rte_mbuf *m)
{
	uint16_t slot = (uint16_t)m->hash.usr, gen = m->hash.usr >> 16;
	const struct weft_port_conf *port = weft_snapshot_port(self->w.snap, slot, gen);

	self->w.stats[m->port].adopted++;
	if (m->hash.usr == 0)
		judge_here(self, m);
	else if (unlikely(port == NULL))
		weft_drop_mbuf(&self->w, m, WEFT_DROP_OUT_PORT_GONE);
	else if (unlikely(port->owner != self->w.id && port->owner < dp.n_workers))
		weft_out_worker(&self->w, port->owner, slot, gen, m); // the port moved while M was on its way
	else
		weft_out_port(&self->w, slot, m);
}

unsigned int
dp_handoff_receive(struct dp_worker *self)
{
	struct rte_mbuf *pkts[WEFT_BURST];
	unsigned int total = 0;

	for (uint16_t i = 0; i < dp.n_workers; i++) {
		uint16_t from = (self->next_peer + i) % dp.n_workers;
		unsigned int n;

		// What is to be judged here goes into the vector: there must be room for a burst.
		if (from == self->w.id || self->vec.n > WEFT_VEC_SIZE - WEFT_BURST)
			continue;
		n = rte_ring_sc_dequeue_burst(dp.handoff[from][self->w.id], (void **)pkts, WEFT_BURST, NULL);
		for (unsigned int k = 0; k < n; k++)
			rte_prefetch0(pkts[k]);
		for (unsigned int k = 0; k < n; k++)
			take(self, pkts[k]);
		total += n;
	}
	self->next_peer++;
	return total;
}

void
dp_gossip_send(struct weft_worker *worker, const struct weft_fdb_message *message)
{
	struct weft_fdb_message copy = *message;

	for (uint16_t to = 0; to < dp.n_workers; to++)
		if (to != worker->id && rte_ring_sp_enqueue_elem(dp.gossip[worker->id][to], &copy, sizeof(copy)))
			dp_of(worker)->stats.fdb_messages_lost++;
}

void
dp_gossip_receive(struct dp_worker *self)
{
	struct weft_fdb_message messages[WEFT_BURST];

	for (uint16_t from = 0; from < dp.n_workers; from++) {
		unsigned int n;

		if (from == self->w.id)
			continue;
		n = rte_ring_sc_dequeue_burst_elem(
			dp.gossip[from][self->w.id], messages, sizeof(messages[0]), WEFT_BURST, NULL);
		for (unsigned int i = 0; i < n; i++)
			if (messages[i].what)
				weft_groups_hear(&self->w, &messages[i]);
			else
				weft_fdb_hear(&self->w, &messages[i]);
	}
}

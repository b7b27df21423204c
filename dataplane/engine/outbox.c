// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Writes what the pipeline put into the outbox: to devices, and to other workers.
#include "dataplane/core/core.h"
#include "pipeline/send/drop.h"

// Packets of one buffer by the port that they came from; mostly there is one.
struct origins {
	uint16_t n;
	struct {
		uint16_t port;
		uint16_t count;
	} run[WEFT_VEC_SIZE];
	uint64_t bytes;
};

static void
note_origins(struct origins *o, struct rte_mbuf *const *pkts, uint16_t n)
{
	o->n = 0;
	o->bytes = 0;
	for (uint16_t i = 0; i < n; i++) {
		o->bytes += pkts[i]->pkt_len;
		if (o->n == 0 || o->run[o->n - 1].port != pkts[i]->port) {
			o->run[o->n].port = pkts[i]->port;
			o->run[o->n++].count = 0;
		}
		o->run[o->n - 1].count++;
	}
}

// Takes back a packet that the device did not take.
static void
take_back(struct origins *o, const struct rte_mbuf *m)
{
	for (uint16_t i = 0; i < o->n; i++) {
		if (o->run[i].port == m->port && o->run[i].count) {
			o->run[i].count--;
			o->bytes -= m->pkt_len;
			return;
		}
	}
}

void
dp_write_port(struct dp_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n)
{
	struct weft_portio *io = &dp.ports[slot];
	struct weft_port_stats *stats = self->w.stats;
	struct origins origins;
	uint16_t sent;

	note_origins(&origins, pkts, n);
	sent = io->ops->tx(io, self->w.id, pkts, n);
	dp_unsettle(self, io->slot);
	for (uint16_t i = sent; i < n; i++)
		take_back(&origins, pkts[i]);
	for (uint16_t i = 0; i < origins.n; i++)
		stats[origins.run[i].port].sent += origins.run[i].count;
	stats[io->slot].tx += sent;
	stats[io->slot].tx_bytes += origins.bytes;
	stats[io->slot].tx_lost += n - sent;
	for (uint16_t i = sent; i < n; i++)
		weft_drop_mbuf(&self->w, pkts[i],
			atomic_load_explicit(&io->link, memory_order_relaxed) ? WEFT_DROP_OUT_RING_FULL
									      : WEFT_DROP_OUT_LINK_DOWN);
}

void
dp_flush_port(struct weft_worker *worker, uint16_t port)
{
	struct dp_worker *self = dp_of(worker);
	struct weft_txbuf *buf = &worker->port_out[port];
	bool coming = self->own[port].gen != 0;

	if (likely(dp_holds(self, port))) {
		if (unlikely(dp_paces(self, port)))
			dp_shape_send(self, port, buf->pkts, buf->n);
		else
			dp_write_port(self, port, buf->pkts, buf->n);
	} else if (coming && buf->n < WEFT_VEC_SIZE) {
		// The former owner has the port for a moment more: the packets wait for it.
		return;
	} else {
		worker->stats[port].tx_lost += buf->n;
		for (uint16_t i = 0; i < buf->n; i++)
			weft_drop_mbuf(
				worker, buf->pkts[i], coming ? WEFT_DROP_OUT_PORT_MOVING : WEFT_DROP_OUT_PORT_GONE);
	}
	buf->n = 0;
}

void
dp_flush_all(struct weft_worker *worker)
{
	uint16_t n_kept = 0;

	for (uint16_t i = 0; i < worker->n_dirty; i++) {
		uint32_t who = worker->dirty[i];
		struct weft_txbuf *buf =
			who < WEFT_MAX_PORTS ? &worker->port_out[who] : &worker->worker_out[who - WEFT_MAX_PORTS];

		if (buf->n && who < WEFT_MAX_PORTS)
			dp_flush_port(worker, who);
		else if (buf->n)
			dp_flush_worker(worker, who - WEFT_MAX_PORTS);
		buf->dirty = buf->n != 0;
		if (unlikely(buf->dirty))
			worker->dirty[n_kept++] = who;
	}
	worker->n_dirty = n_kept;
	weft_tell_owed(worker);
	weft_free_dead(worker);
}

void
dp_unsettle(struct dp_worker *self, uint16_t slot)
{
	if (self->own[slot].unsettled || dp.ports[slot].ops->settle == NULL)
		return;
	self->own[slot].unsettled = true;
	self->unsettled[self->n_unsettled++] = slot;
}

// Guests are told once a round, when all of it is written: the first one waits until the writes are out, the others
// need not wait again.
void
dp_settle(struct dp_worker *self)
{
	for (uint16_t i = 0; i < self->n_unsettled; i++) {
		struct weft_portio *io = &dp.ports[self->unsettled[i]];

		io->ops->settle(io);
		self->own[io->slot].unsettled = false;
	}
	self->n_unsettled = 0;
}

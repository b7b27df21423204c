// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Writes what the pipeline put into the outbox: to devices, and to other workers.
#include "dataplane.h"

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
dp_flush_port(struct weft_worker *worker, uint16_t port)
{
	struct dp_worker *self = dp_of(worker);
	struct weft_portio *io = &dp.ports[port];
	struct weft_txbuf *buf = &worker->port_out[port];
	enum weft_drop_reason reason = WEFT_DROP_OUT_PORT_MOVING;
	uint16_t n = buf->n, sent = 0;
	struct origins origins;

	buf->n = 0;
	if (likely(dp_holds(self, port))) {
		note_origins(&origins, buf->pkts, n);
		sent = io->ops->tx(io, worker->id, buf->pkts, n);
		for (uint16_t i = sent; i < n; i++)
			take_back(&origins, buf->pkts[i]);
		for (uint16_t i = 0; i < origins.n; i++)
			worker->stats[origins.run[i].port].sent += origins.run[i].count;
		worker->stats[port].tx += sent;
		worker->stats[port].tx_bytes += origins.bytes;
		if (likely(sent == n))
			return;
		reason = atomic_load_explicit(&io->link, memory_order_relaxed) ? WEFT_DROP_OUT_RING_FULL :
										WEFT_DROP_OUT_LINK_DOWN;
	}
	worker->stats[port].tx_lost += n - sent;
	for (uint16_t i = sent; i < n; i++)
		weft_drop_mbuf(worker, buf->pkts[i], reason);
}

void
dp_flush_all(struct weft_worker *worker)
{
	for (uint16_t i = 0; i < worker->n_dirty; i++) {
		uint32_t who = worker->dirty[i];
		struct weft_txbuf *buf =
			who < WEFT_MAX_PORTS ? &worker->port_out[who] : &worker->worker_out[who - WEFT_MAX_PORTS];

		buf->dirty = false;
		if (buf->n == 0)
			continue;
		if (who < WEFT_MAX_PORTS)
			dp_flush_port(worker, who);
		else
			dp_flush_worker(worker, who - WEFT_MAX_PORTS);
	}
	worker->n_dirty = 0;
	weft_free_dead(worker);
}

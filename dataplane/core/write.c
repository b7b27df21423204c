// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "write.h"

#include "pipeline/send/drop.h"

#include "notify.h"
#include "state.h"

// Packets of one burst by the port that they came from. Most bursts come from one port.
struct origins {
	uint16_t n;
	struct {
		uint16_t port;
		uint16_t count;
	} run[WEFT_VEC_SIZE];
	uint64_t bytes;
};

static void
count_origins(struct origins *o, struct rte_mbuf *const *pkts, uint16_t n)
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

// The device did not take M: it does not count.
static void
uncount(struct origins *o, const struct rte_mbuf *m)
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
weft_write_port(struct weft_engine_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n)
{
	struct weft_portio *io = &weft_engine.ports[slot];
	struct weft_port_stats *stats = self->w.counters.port;
	struct origins origins;
	uint16_t sent;

	// Counted first: the device frees what it takes.
	count_origins(&origins, pkts, n);
	sent = io->ops->tx(io, self->w.id, pkts, n);
	weft_notify_later(self, io->slot);
	for (uint16_t i = sent; i < n; i++)
		uncount(&origins, pkts[i]);
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

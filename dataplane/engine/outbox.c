// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "outbox.h"

#include "dataplane/core/handoff.h"
#include "dataplane/core/write.h"
#include "dataplane/shaping/pacer.h"
#include "pipeline/send/drop.h"

void
weft_outbox_flush_port(struct weft_worker *worker, uint16_t port)
{
	struct weft_engine_worker *self = weft_engine_worker_of(worker);
	struct weft_txbuf *buf = &worker->outbox.port[port];
	bool coming = self->own[port].gen != 0;

	if (likely(weft_owns(self, port))) {
		if (unlikely(weft_pacer_paces(self, port)))
			weft_pacer_send(self, port, buf->pkts, buf->n);
		else
			weft_write_port(self, port, buf->pkts, buf->n);
	} else if (coming && buf->n < WEFT_VEC_SIZE) {
		// The former owner still has the port: the packets wait for it.
		return;
	} else {
		worker->counters.port[port].tx_lost += buf->n;
		for (uint16_t i = 0; i < buf->n; i++)
			weft_drop_mbuf(
				worker, buf->pkts[i], coming ? WEFT_DROP_OUT_PORT_MOVING : WEFT_DROP_OUT_PORT_GONE);
	}
	buf->n = 0;
}

void
weft_outbox_flush(struct weft_worker *worker)
{
	uint16_t n_kept = 0;

	for (uint16_t i = 0; i < worker->outbox.n_dirty; i++) {
		uint32_t who = worker->outbox.dirty[i];
		struct weft_txbuf *buf =
			who < WEFT_MAX_PORTS ? &worker->outbox.port[who] : &worker->outbox.worker[who - WEFT_MAX_PORTS];

		if (buf->n && who < WEFT_MAX_PORTS)
			weft_outbox_flush_port(worker, who);
		else if (buf->n)
			weft_handoff_flush(worker, who - WEFT_MAX_PORTS);
		buf->dirty = buf->n != 0;
		if (unlikely(buf->dirty))
			worker->outbox.dirty[n_kept++] = who;
	}
	worker->outbox.n_dirty = n_kept;
	weft_debt_settle(worker);
	weft_free_dead(worker);
}

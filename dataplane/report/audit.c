// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The books of the switch: every packet that came in must have gone somewhere. Each worker adds its counters between
// two rounds, so its own books must balance to the packet. Packets are held where they wait for their time, for a port
// that changes its worker, or in a ring between two workers.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/core/state.h"
#include "dataplane/shaping/pacer.h"

#define TRIES 50

struct books {
	int64_t missing[WEFT_MAX_PORTS];
	int64_t held[WEFT_MAX_PORTS];
	uint64_t waiting; // packets that wait for their time, or for a port that changes its worker
	struct weft_audit *audit;
};

static void
count_waiting(void *arg, const struct rte_mbuf *m)
{
	struct books *books = arg;

	books->held[m->port]++;
	books->missing[m->port]--;
	books->waiting++;
}

// Whether this worker counts the frames that wait at the port: it has the port's token, or nobody has and it is the
// first worker.
static bool
counts_waiting(const struct weft_engine_worker *self, uint16_t slot)
{
	return self->own[slot].token || (self->w.id == 0 && atomic_load(&weft_engine.ports[slot].token) == 0);
}

static void
run_audit(struct weft_worker *worker, void *arg)
{
	struct books *books = arg;

	for (unsigned int i = 0; i < WEFT_MAX_PORTS; i++) {
		const struct weft_port_stats *s = &worker->counters.port[i];
		struct weft_audit_row *row = &books->audit->port[i];
		uint64_t dropped = 0;

		for (unsigned int d = 0; d < WEFT_N_DROPS; d++)
			dropped += s->drop[d];
		row->rx += s->rx;
		row->created += s->created;
		row->sent += s->sent;
		row->taken += s->taken;
		row->dropped += dropped;
		books->held[i] += (int64_t)(s->passed - s->adopted);
		books->missing[i] +=
			(int64_t)(s->rx + s->created + s->adopted - s->sent - s->taken - dropped - s->passed);
		if (counts_waiting(weft_engine_worker_of(worker), (uint16_t)i))
			weft_pacer_each((uint16_t)i, count_waiting, books);
	}
	for (uint16_t i = 0; i < worker->outbox.n_dirty; i++) {
		const struct weft_txbuf *buf = &worker->outbox.port[worker->outbox.dirty[i]];

		for (uint16_t k = 0; k < buf->n; k++)
			count_waiting(books, buf->pkts[k]);
	}
}

static uint64_t
count_rings(void)
{
	uint64_t n = 0;

	for (uint16_t from = 0; from < weft_engine.n_workers; from++)
		for (uint16_t to = 0; to < weft_engine.n_workers; to++)
			if (weft_engine.handoff[from][to])
				n += rte_ring_count(weft_engine.handoff[from][to]);
	return n;
}

static void
sum_up(struct weft_audit *audit, const struct books *books)
{
	uint64_t capacity = books->waiting;
	int64_t held = 0;

	audit->balanced = true;
	for (unsigned int i = 0; i < WEFT_MAX_PORTS; i++) {
		struct weft_audit_row *row = &audit->port[i], *total = &audit->total;

		row->held = books->held[i];
		row->missing = books->missing[i];
		held += books->held[i];
		total->rx += row->rx;
		total->created += row->created;
		total->sent += row->sent;
		total->taken += row->taken;
		total->dropped += row->dropped;
		total->missing += row->missing;
		audit->balanced = audit->balanced && row->missing == 0 && books->held[i] >= 0;
	}
	audit->total.held = held;
	for (uint16_t from = 0; from < weft_engine.n_workers; from++)
		for (uint16_t to = 0; to < weft_engine.n_workers; to++)
			capacity += weft_engine.handoff[from][to] ? rte_ring_get_capacity(weft_engine.handoff[from][to])
								  : 0;
	audit->balanced = audit->balanced && held >= 0 && (uint64_t)held <= capacity;
}

int
weft_engine_audit(struct weft_audit *audit)
{
	struct books *books = malloc(sizeof(*books));
	int ret = books ? 0 : -ENOMEM;

	// Workers report one after the other: a packet that passes between two reports looks like one too many that is
	// held, or one too few. A few tries find a moment without such packets.
	for (unsigned int i = 0; ret == 0 && i < TRIES; i++) {
		memset(audit, 0, sizeof(*audit));
		memset(books, 0, sizeof(*books));
		books->audit = audit;
		for (uint16_t w = 0; ret == 0 && w < weft_engine.n_workers; w++)
			ret = weft_engine_call(w, run_audit, books);
		audit->in_rings = books->waiting + count_rings();
		sum_up(audit, books);
		if (audit->total.missing || (audit->balanced && audit->total.held == audit->in_rings))
			break;
		usleep(1000);
	}
	free(books);
	return ret;
}

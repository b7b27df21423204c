// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Closes the books of the switch. Each worker copies its counters between two rounds, so its own books must
// balance to the packet. Held are the packets that wait for their time or for a port to change its worker, and those
// that one worker has passed and no other has taken yet, in the rings between them.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/core/core.h"

#define TRIES 50

struct books {
	int64_t missing[WEFT_MAX_PORTS];
	int64_t held[WEFT_MAX_PORTS];
	uint64_t waiting; // for their time, or their port to change its worker
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

// Whether the frames that wait for the port's pace are the worker's to count: it has the port, or nobody has it just
// now and this is the first one.
static bool
is_kept(const struct dp_worker *self, uint16_t slot)
{
	return self->own[slot].held || (self->w.id == 0 && atomic_load(&dp.ports[slot].token) == 0);
}

static void
run_audit(struct weft_worker *worker, void *arg)
{
	struct books *books = arg;

	for (unsigned int i = 0; i < WEFT_MAX_PORTS; i++) {
		const struct weft_port_stats *s = &worker->stats[i];
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
		if (is_kept(dp_of(worker), (uint16_t)i))
			dp_shape_each_waiting((uint16_t)i, count_waiting, books);
	}
	for (uint16_t i = 0; i < worker->n_dirty; i++) {
		const struct weft_txbuf *buf = &worker->port_out[worker->dirty[i]];

		for (uint16_t k = 0; k < buf->n; k++)
			count_waiting(books, buf->pkts[k]);
	}
}

static uint64_t
count_rings(void)
{
	uint64_t n = 0;

	for (uint16_t from = 0; from < dp.n_workers; from++)
		for (uint16_t to = 0; to < dp.n_workers; to++)
			if (dp.handoff[from][to])
				n += rte_ring_count(dp.handoff[from][to]);
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
	for (uint16_t from = 0; from < dp.n_workers; from++)
		for (uint16_t to = 0; to < dp.n_workers; to++)
			capacity += dp.handoff[from][to] ? rte_ring_get_capacity(dp.handoff[from][to]) : 0;
	audit->balanced = audit->balanced && held >= 0 && (uint64_t)held <= capacity;
}

int
weft_engine_audit(struct weft_audit *audit)
{
	struct books *books = malloc(sizeof(*books));
	int ret = books ? 0 : -ENOMEM;

	// Workers report one after the other: what passes between two reports looks like held, or like less
	// than nothing. A few tries find a cut without that.
	for (unsigned int i = 0; ret == 0 && i < TRIES; i++) {
		memset(audit, 0, sizeof(*audit));
		memset(books, 0, sizeof(*books));
		books->audit = audit;
		for (uint16_t w = 0; ret == 0 && w < dp.n_workers; w++)
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

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "rings.h"

#include <stdio.h>

#include "dataplane/core/state.h"
#include "weft/fdb.h"

#define HANDOFF_SIZE 1024
#define GOSSIP_SIZE  1024
#define MOVING_SIZE  512

static struct rte_ring *
new_ring(const char *what, uint16_t from, uint16_t to, unsigned int size, unsigned int n)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%u_%u", what, from, to);
	return rte_ring_create_elem(name, size, n, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

int
weft_rings_create(struct weft_error *err)
{
	struct weft_engine *e = &weft_engine;

	for (uint16_t from = 0; from < e->n_workers; from++) {
		for (uint16_t to = 0; to < e->n_workers; to++) {
			if (from == to)
				continue;
			e->handoff[from][to] = new_ring("handoff", from, to, sizeof(void *), HANDOFF_SIZE);
			e->moving[from][to] = new_ring("moving", from, to, sizeof(struct weft_session), MOVING_SIZE);
			e->gossip[from][to] =
				new_ring("gossip", from, to, sizeof(struct weft_fdb_message), GOSSIP_SIZE);
			if (!e->handoff[from][to] || !e->moving[from][to] || !e->gossip[from][to])
				return weft_fail(err, ENOMEM,
					"no memory for the rings between %u workers: raise \"memory_mb\"",
					e->n_workers);
		}
	}
	return 0;
}

void
weft_rings_free(void)
{
	struct weft_engine *e = &weft_engine;
	struct rte_mbuf *m;

	for (uint16_t from = 0; from < e->n_workers; from++) {
		for (uint16_t to = 0; to < e->n_workers; to++) {
			struct rte_ring *ring = e->handoff[from][to];

			while (ring && rte_ring_sc_dequeue(ring, (void **)&m) == 0)
				rte_pktmbuf_free(m);
			rte_ring_free(ring);
			rte_ring_free(e->gossip[from][to]);
			rte_ring_free(e->moving[from][to]);
			e->handoff[from][to] = e->gossip[from][to] = e->moving[from][to] = NULL;
		}
	}
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the benchmarks share that run the chain of stages in one thread, on packets in memory.
#pragma once

#include <stdio.h>

#include <jansson.h>
#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "weft/stage.h"
#include "weft/worker.h"

static inline void
bench_flush(struct weft_worker *worker, uint16_t port)
{
	worker->outbox.port[port].n = 0;
}

// Returns a new worker with N_PORTS ports, and fills PKTS with N empty packets; NULL without memory.
static inline struct weft_worker *
bench_new_worker(uint16_t n_ports, struct rte_mbuf **pkts, unsigned int n)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("bench", 1023, 32, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct weft_worker *w = rte_zmalloc(NULL, sizeof(*w), RTE_CACHE_LINE_SIZE);

	if (!pool || !w || rte_pktmbuf_alloc_bulk(pool, pkts, n))
		return NULL;
	w->counters.port = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->counters.port[0]), RTE_CACHE_LINE_SIZE);
	w->flood = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->flood[0]), RTE_CACHE_LINE_SIZE);
	w->outbox.port = rte_zmalloc(NULL, n_ports * sizeof(w->outbox.port[0]), RTE_CACHE_LINE_SIZE);
	w->outbox.flush_port = bench_flush;
	return w->counters.port && w->flood && w->outbox.port ? w : NULL;
}

// Empties the ports, and forgets the dropped packets, which are used again.
static inline void
bench_clear(struct weft_worker *w)
{
	for (uint16_t i = 0; i < w->outbox.n_dirty; i++) {
		w->outbox.port[w->outbox.dirty[i]].n = 0;
		w->outbox.port[w->outbox.dirty[i]].dirty = false;
	}
	w->outbox.n_dirty = 0;
	w->dropped.n = 0;
}

// Runs the packets of VEC through the stages, and writes the cycles of stage I to CYCLES[I * ROUNDS].
static inline void
bench_time_stages(struct weft_worker *w, struct weft_vec *vec, uint32_t *cycles, unsigned int rounds)
{
	weft_lanes mask = weft_lanes_all(vec->n);

	vec->now = rte_rdtsc();
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++) {
		uint64_t start = rte_rdtsc_precise();

		mask = weft_chain[i].run(w, vec, mask);
		cycles[i * rounds] = (uint32_t)(rte_rdtsc_precise() - start);
	}
}

// Runs the packets of VEC through the chain. Returns the cycles of all stages together, without time stamps inside.
static inline uint32_t
bench_time_chain(struct weft_worker *w, struct weft_vec *vec)
{
	uint64_t start = rte_rdtsc_precise();

	vec->now = start;
	weft_chain_run(w, vec, false);
	return (uint32_t)(rte_rdtsc_precise() - start);
}

// In each of ROUNDS rounds, fills VEC by FILL, times its stages, and empties the ports. The cycles of stage I in round
// R go to CYCLES[I * ROUNDS + R].
static inline void
bench_rounds_by_stage(struct weft_worker *w, struct weft_vec *vec, void (*fill)(void *arg), void *arg, uint32_t *cycles,
	unsigned int rounds)
{
	for (unsigned int r = 0; r < rounds; r++) {
		fill(arg);
		bench_time_stages(w, vec, &cycles[r], rounds);
		bench_clear(w);
	}
}

// The same for the whole chain, without time stamps inside. The cycles of round R go to CYCLES[R].
static inline void
bench_rounds_whole(struct weft_worker *w, struct weft_vec *vec, void (*fill)(void *arg), void *arg, uint32_t *cycles,
	unsigned int rounds)
{
	for (unsigned int r = 0; r < rounds; r++) {
		fill(arg);
		cycles[r] = bench_time_chain(w, vec);
		bench_clear(w);
	}
}

// Prints REPORT, which it takes over.
static inline void
bench_print(json_t *report)
{
	json_dumpf(report, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
	putchar('\n');
	json_decref(report);
}

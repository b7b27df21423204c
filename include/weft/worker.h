// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a stage may use of the worker that runs it: tables and counters of its own, and the outbox.
#pragma once

#include <stdint.h>

#include <rte_branch_prediction.h>

#include "weft/snapshot.h"
#include "weft/stage.h"
#include "weft/stats.h"
#include "weft/vec.h"

struct weft_fdb;
struct weft_sessions;
struct weft_rule_log;
struct weft_offload_offers;
struct weft_groups;
struct weft_bfd;

// Packets that wait for one port, or for one other worker, until the vector's end.
struct weft_txbuf {
	uint16_t n;
	bool dirty; // stands in the worker's list
	struct rte_mbuf *pkts[WEFT_VEC_SIZE];
} __rte_cache_aligned;

// Flood limiters of one port: the time, in TSC, up to which its allowance is spent.
struct weft_flood_state {
	uint64_t spent[WEFT_N_FLOOD_CLASSES];
};

// Bytes that a port has sent to the uplink, of which its owner does not know yet.
struct weft_owed {
	_Atomic int64_t bytes;
} __rte_cache_aligned;

// A worker as stages see it. All of it belongs to the worker's own thread; SNAP is loaded once per
// loop. The engine fills it in before the thread starts.
struct weft_worker {
	uint16_t id;
	uint16_t n_dirty;
	uint16_t n_dead;
	uint16_t announced;	 // uplink on which the tunnels' address was told last
	uint16_t announcing;	 // and on which the ports' MACs are,
	uint16_t next_announced; // from this slot on; 0: they are all told
	bool fenced;		 // this host has lost the cluster
	const struct weft_snapshot *snap;
	const struct weft_snapshot *before;  // of the generation before; NULL: it is long gone
	const struct weft_snapshot *next;    // of the one that may come into force any moment; NULL: none
	const struct weft_snapshot *present; // what is in force, while SNAP is one of those two; else NULL
	struct weft_port_stats *stats;	     // [WEFT_MAX_PORTS]
	struct weft_fdb *fdb;
	struct weft_sessions *sessions;
	struct weft_rule_log *rule_log;	    // where decisions of rules with "log" go; NULL: nowhere
	struct weft_offload_offers *offers; // connections that hardware may carry
	const _Atomic bool *offering;	    // some device can; NULL: none ever will
	struct weft_rate event_rate;	    // how much of it
	struct weft_rate refuse_rate;	    // of replies to what is refused, for each port
	struct weft_flood_state *flood;	    // [WEFT_MAX_PORTS]
	struct weft_neighbour *neighbour;   // [WEFT_MAX_PORTS], of all workers
	struct weft_bfd *bfd;		    // [WEFT_MAX_PORTS], of all workers
	struct weft_owed *owed;		    // [WEFT_MAX_PORTS], of all workers
	uint16_t owes;			    // the port whose frames went to the uplink last,
	int64_t owed_bytes;		    // and how much that is not in OWED yet
	struct weft_groups *groups;	    // who wants which multicast
	struct weft_stamp_stats stamps;
	const _Atomic uint64_t *mac;   // [WEFT_MAX_PORTS]: of the ports' devices; 0: not known
	struct rte_mempool *pool;      // for copies
	struct weft_txbuf *port_out;   // [WEFT_MAX_PORTS]
	struct weft_txbuf *worker_out; // [WEFT_MAX_WORKERS]
	void (*flush_port)(struct weft_worker *worker, uint16_t port);
	void (*flush_worker)(struct weft_worker *worker, uint16_t peer);
	uint32_t clock; // seconds since the engine started
	struct weft_stage_stats stage[WEFT_N_STAGES];
	uint32_t dirty[WEFT_MAX_PORTS + WEFT_MAX_WORKERS]; // non-empty buffers: port, or MAX_PORTS + worker
	struct rte_mbuf *dead[4 * WEFT_VEC_SIZE];	   // dropped, to be freed together
};

// Tells the owners of ports what these have sent to the uplink.
static inline void
weft_tell_owed(struct weft_worker *worker)
{
	if (worker->owed_bytes)
		atomic_fetch_add_explicit(&worker->owed[worker->owes].bytes, worker->owed_bytes, memory_order_relaxed);
	worker->owed_bytes = 0;
}

// The packet is for OUT: it counts where that is an uplink that ports share. They come in trains.
static inline void
weft_count_owed(struct weft_worker *worker, uint16_t out, const struct rte_mbuf *m)
{
	if (!worker->snap->link || out != worker->snap->uplink)
		return;
	if (worker->owes != m->port) {
		weft_tell_owed(worker);
		worker->owes = m->port;
	}
	worker->owed_bytes += m->pkt_len;
}

// Puts a packet into the buffer of PORT, which this worker owns.
static inline void
weft_out_port(struct weft_worker *worker, uint16_t port, struct rte_mbuf *m)
{
	struct weft_txbuf *buf = &worker->port_out[port];

	if (!buf->dirty) {
		buf->dirty = true;
		worker->dirty[worker->n_dirty++] = port;
	}
	buf->pkts[buf->n++] = m;
	if (unlikely(buf->n == WEFT_VEC_SIZE))
		worker->flush_port(worker, port);
}

// Puts a packet for PORT, of generation GEN, into the buffer of the worker that owns the port. PORT 0 of generation 0:
// the worker has the packet's connection, and runs it through the chain.
static inline void
weft_out_worker(struct weft_worker *worker, uint16_t peer, uint16_t port, uint16_t gen, struct rte_mbuf *m)
{
	struct weft_txbuf *buf = &worker->worker_out[peer];

	if (!buf->dirty) {
		buf->dirty = true;
		worker->dirty[worker->n_dirty++] = WEFT_MAX_PORTS + peer;
	}
	m->hash.usr = (uint32_t)gen << 16 | port;
	buf->pkts[buf->n++] = m;
	if (unlikely(buf->n == WEFT_VEC_SIZE))
		worker->flush_worker(worker, peer);
}

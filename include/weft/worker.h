// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A worker as stages see it: the policy, tables and counters of its own, and the outbox.
#pragma once

#include <stdint.h>

#include <rte_branch_prediction.h>

#include "weft/snapshot.h"
#include "weft/stage.h"
#include "weft/stats.h"
#include "weft/vec.h"

struct weft_bfd;
struct weft_fdb;
struct weft_groups;
struct weft_offload_offers;
struct weft_rule_log;
struct weft_sessions;

// Packets that wait for one port, or for one other worker, until the end of the vector.
struct weft_txbuf {
	uint16_t n;
	bool dirty; // is in the outbox's list of buffers that are not empty
	struct rte_mbuf *pkts[WEFT_VEC_SIZE];
} __rte_cache_aligned;

// Where stages put packets. They fill the buffers; the engine empties them at the end of the vector, and a buffer
// that is full at once.
struct weft_outbox {
	struct weft_txbuf *port;   // [WEFT_MAX_PORTS]: for ports that this worker owns
	struct weft_txbuf *worker; // [WEFT_MAX_WORKERS]: for ports, and connections, of other workers
	void (*flush_port)(struct weft_worker *worker, uint16_t port);
	void (*flush_worker)(struct weft_worker *worker, uint16_t peer);
	uint16_t n_dirty;
	uint32_t dirty[WEFT_MAX_PORTS + WEFT_MAX_WORKERS]; // ports, and workers + MAX_PORTS, with a buffer in use
};

// Dropped packets, which are freed together (pipeline/send/drop.c).
struct weft_dropped {
	uint16_t n;
	struct rte_mbuf *pkts[4 * WEFT_VEC_SIZE];
};

// The counters of this worker. It is the only writer; readers sum over the workers.
struct weft_worker_counters {
	struct weft_port_stats *port; // [WEFT_MAX_PORTS]
	struct weft_stage_stats stage[WEFT_N_STAGES];
	struct weft_stamp_stats stamps;
};

// Other snapshots than the one in force, for frames from other hosts. The engine sets BEFORE and NEXT at the start
// of a round; the chain sets PRESENT during the second run.
struct weft_generations {
	const struct weft_snapshot *before;  // of the generation before; NULL: no frame can name it any more
	const struct weft_snapshot *next;    // of the generation that may come into force any moment; NULL: none
	const struct weft_snapshot *present; // the snapshot in force, while SNAP is one of those two; else NULL
};

// Flood limiters of one port: the time, in TSC, up to which its allowance is spent.
struct weft_flood_state {
	uint64_t spent[WEFT_N_FLOOD_CLASSES];
};

// The firewall's part of a worker.
struct weft_firewall {
	struct weft_sessions *sessions;
	struct weft_offload_offers *offers; // connections that hardware may carry; the control thread reads them
	const _Atomic bool *offering;	    // whether some device takes connections; NULL: none ever will
	struct weft_rule_log *rule_log;	    // where decisions of rules with "log" go; NULL: nowhere
	struct weft_rate log_rate;	    // of entries in RULE_LOG
	struct weft_rate rejection_rate;    // of answers to rejected packets, for each port
};

// The tunnels' part of a worker. All workers share the arrays; the type of an entry says who writes it.
struct weft_overlay {
	struct weft_neighbour *neighbour; // [WEFT_MAX_PORTS]: next hops to the hosts in these slots
	struct weft_bfd *bfd;		  // [WEFT_MAX_PORTS]: sessions with them
	const _Atomic uint64_t *mac;	  // [WEFT_MAX_PORTS]: MAC addresses of the ports' devices; 0: not known
	uint16_t underlay;		  // the uplink on which the tunnel address was announced last,
	uint16_t uplink;		  // and the one on which the ports' MAC addresses are announced,
	uint16_t next;			  // from this slot on; 0: all have been announced
};

// Bytes that a port has sent to the uplink, and its owner has not charged yet. Any worker adds; the owner subtracts.
struct weft_owed {
	_Atomic int64_t bytes;
} __rte_cache_aligned;

// Bytes that ports owe for the uplink that they share.
struct weft_debt {
	struct weft_owed *owed; // [WEFT_MAX_PORTS], of all workers
	int64_t bytes;		// the worker's own: what PORT owes, and OWED does not have yet
	uint16_t port;		// the port whose frame went to the uplink last
};

#define WEFT_UNNAMED_BITS 10

// IPv4 sources that ports have used lately without naming them one by one, and might: the guard looks each up once. Direct-mapped;
// an entry is the port and the address, 0 is none.
struct weft_unnamed {
	uint64_t version; // of the snapshot for which they hold
	uint64_t source[1 << WEFT_UNNAMED_BITS];
};

// A worker. All of it belongs to the worker's own thread, unless said otherwise; the engine fills it in before the
// thread starts. The fields that every packet needs come first.
struct weft_worker {
	uint16_t id;
	bool fenced;			  // this host has lost its cluster
	uint32_t clock;			  // seconds since the engine started
	const struct weft_snapshot *snap; // loaded once in a round
	struct rte_mempool *pool;	  // for copies and for frames of the switch's own
	struct weft_fdb *fdb;		  // learned addresses
	struct weft_groups *groups;	  // which ports want which multicast
	struct weft_flood_state *flood;	  // [WEFT_MAX_PORTS]
	struct weft_generations generations;
	struct weft_firewall firewall;
	struct weft_debt debt;
	struct weft_overlay overlay;
	struct weft_worker_counters counters;
	struct weft_unnamed unnamed;
	struct weft_dropped dropped;
	struct weft_outbox outbox;
};

// Adds the bytes that the last port owes for the uplink to the account that the port's owner charges. Owner worker.
static inline void
weft_debt_settle(struct weft_worker *worker)
{
	struct weft_debt *debt = &worker->debt;

	if (debt->bytes)
		atomic_fetch_add_explicit(&debt->owed[debt->port].bytes, debt->bytes, memory_order_relaxed);
	debt->bytes = 0;
}

// Counts M, which goes to the port OUT, if OUT is an uplink that ports share. Frames of one port come in trains, so
// that a shared line is written once for many. Owner worker.
static inline void
weft_debt_count(struct weft_worker *worker, uint16_t out, const struct rte_mbuf *m)
{
	if (!worker->snap->uplink_shared || out != worker->snap->uplink)
		return;
	if (worker->debt.port != m->port) {
		weft_debt_settle(worker);
		worker->debt.port = m->port;
	}
	worker->debt.bytes += m->pkt_len;
}

// Puts a packet into the buffer of PORT, which this worker owns. Owner worker.
static inline void
weft_out_port(struct weft_worker *worker, uint16_t port, struct rte_mbuf *m)
{
	struct weft_txbuf *buf = &worker->outbox.port[port];

	if (!buf->dirty) {
		buf->dirty = true;
		worker->outbox.dirty[worker->outbox.n_dirty++] = port;
	}
	buf->pkts[buf->n++] = m;
	if (unlikely(buf->n == WEFT_VEC_SIZE))
		worker->outbox.flush_port(worker, port);
}

// Puts a packet for PORT, of generation GEN, into the buffer of PEER, the worker that owns the port. PORT 0 of
// generation 0: PEER has the packet's connection, and runs the packet through the chain. Owner worker.
static inline void
weft_out_worker(struct weft_worker *worker, uint16_t peer, uint16_t port, uint16_t gen, struct rte_mbuf *m)
{
	struct weft_txbuf *buf = &worker->outbox.worker[peer];

	if (!buf->dirty) {
		buf->dirty = true;
		worker->outbox.dirty[worker->outbox.n_dirty++] = WEFT_MAX_PORTS + peer;
	}
	m->hash.usr = (uint32_t)gen << 16 | port;
	buf->pkts[buf->n++] = m;
	if (unlikely(buf->n == WEFT_VEC_SIZE))
		worker->outbox.flush_worker(worker, peer);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The state that all threads of the data plane share. One thread writes each field, as its comment says. The fields
// without such a comment do not change while workers run.
#pragma once

#include <stdatomic.h>

#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "weft/bfd.h"
#include "weft/engine.h"

#include "worker.h"

struct weft_engine {
	struct weft_engine_config config;
	struct rte_mempool *pool;
	struct rte_rcu_qsbr *qsbr; // thread ids are worker ids
	// The snapshot in force, the one of the generation before, which is kept for a few seconds (NULL: none), and
	// one that may come into force at any moment (NULL: none). Control thread.
	_Atomic(struct weft_snapshot *) snapshot;
	_Atomic(struct weft_snapshot *) before;
	_Atomic(const struct weft_snapshot *) next;
	_Atomic uint64_t fence_at; // TSC from which on this host counts as cut off from its cluster; any thread
	_Atomic bool stop;	   // control thread
	_Atomic bool offering;	   // some device can carry connections; control thread
	uint64_t start_tsc;
	uint64_t hz; // of the TSC
	uint16_t n_workers;
	struct weft_engine_worker *workers[WEFT_MAX_WORKERS];
	struct weft_sessions *sessions[WEFT_MAX_WORKERS]; // the workers' tables
	struct weft_portio ports[WEFT_MAX_PORTS];	  // the devices, by slot
	_Atomic uint64_t mac[WEFT_MAX_PORTS];		  // of the devices; control thread
	struct weft_neighbour neighbour[WEFT_MAX_PORTS];  // of uplinks' next hops, by the other host's slot
	struct weft_bfd bfd[WEFT_MAX_PORTS];
	struct weft_owed owed[WEFT_MAX_PORTS];
	// Rings between every two workers, [from][to]. See manage/rings.c.
	struct rte_ring *handoff[WEFT_MAX_WORKERS][WEFT_MAX_WORKERS]; // mbufs
	struct rte_ring *moving[WEFT_MAX_WORKERS][WEFT_MAX_WORKERS];  // struct weft_session
	struct rte_ring *gossip[WEFT_MAX_WORKERS][WEFT_MAX_WORKERS];  // struct weft_fdb_message
};

extern struct weft_engine weft_engine;

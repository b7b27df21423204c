// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "chores.h"

#include <rte_cycles.h>

#include "dataplane/core/state.h"
#include "pipeline/firewall/sweep.h"
#include "pipeline/multicast/querier.h"
#include "pipeline/overlay/announce.h"
#include "pipeline/overlay/underlay.h"
#include "weft/fdb.h"
#include "weft/groups.h"

#include "adopt.h"
#include "move.h"
#include "token.h"

// The most connections that one sweep looks at.
#define SWEEP_MOST 4096
// After a restart, guests are asked for their multicast groups after this time: they have connected again by then.
#define FIRST_QUERY_S 3

static void
run_call(struct weft_engine_worker *self)
{
	struct weft_posted_call *call = &self->call;
	int posted = WEFT_CALL_POSTED;

	if (atomic_compare_exchange_strong(&call->state, &posted, WEFT_CALL_RUNNING)) {
		call->fn(&self->w, call->arg);
		atomic_store_explicit(&call->state, WEFT_CALL_DONE, memory_order_release);
	}
}

static void
adopt(struct weft_engine_worker *self, const struct weft_snapshot *snap)
{
	uint64_t start = rte_rdtsc(), took;

	weft_adopt_snapshot(self, snap);
	took = rte_rdtsc() - start;
	self->stats.adoptions++;
	self->stats.adopt_cycles += took;
	self->stats.longest_adopt = RTE_MAX(self->stats.longest_adopt, took);
}

// Sweeps the whole table in about a second, in steps of SWEEP_MOST at most.
static void
sweep_sessions(struct weft_engine_worker *self, uint64_t now)
{
	uint64_t elapsed = RTE_MIN(now - self->timers.session_sweep, weft_engine.hz / 10);
	uint32_t n = (uint32_t)((uint64_t)self->w.firewall.sessions->high * elapsed / weft_engine.hz) + 1;

	self->timers.session_sweep = now;
	weft_sessions_sweep(&self->w, RTE_MIN(n, (uint32_t)SWEEP_MOST));
}

// Asks the ports for their multicast groups: each in its turn, and all soon after the start, when no group is known.
static void
query_groups(struct weft_engine_worker *self)
{
	uint32_t every = self->w.groups->query_s, clock = self->w.clock;

	for (uint16_t i = 0; every && i < self->poll.n_owned; i++)
		if (self->poll.slot[i] % every == clock % every || clock == FIRST_QUERY_S)
			weft_groups_query(&self->w, self->poll.slot[i]);
}

static void
run_second(struct weft_engine_worker *self, uint64_t now)
{
	self->w.clock = (now - weft_engine.start_tsc) / weft_engine.hz;
	self->timers.next_second = weft_engine.start_tsc + (self->w.clock + UINT64_C(1)) * weft_engine.hz;
	weft_underlay_sweep(&self->w);
	query_groups(self);
}

// Once in a millisecond.
static void
sweep(struct weft_engine_worker *self, uint64_t now)
{
	self->timers.next_sweep = now + weft_engine.hz / 1000;
	if (now >= self->timers.next_second)
		run_second(self, now);
	weft_groups_sweep(&self->w, 1);
	weft_bfd_sweep(&self->w, now);
	if (atomic_load_explicit(&weft_engine.ports[self->w.snap->uplink].link, memory_order_relaxed))
		weft_announce_sweep(&self->w);
	weft_fdb_sweep(&self->w, self->timers.sweep_step);
	sweep_sessions(self, now);
}

void
weft_chores_run(struct weft_engine_worker *self, uint64_t now)
{
	const struct weft_snapshot *snap;

	// NEXT before SNAP: a snapshot may come into force between the two loads, and must not be missed in both.
	self->w.generations.next = atomic_load_explicit(&weft_engine.next, memory_order_acquire);
	self->w.snap = snap = atomic_load_explicit(&weft_engine.snapshot, memory_order_acquire);
	self->w.generations.before = atomic_load_explicit(&weft_engine.before, memory_order_acquire);
	self->w.fenced = now >= atomic_load_explicit(&weft_engine.fence_at, memory_order_relaxed);
	if (unlikely(snap->version != self->version))
		adopt(self, snap);
	else if (unlikely(self->n_waiting))
		weft_token_claim(self);
	if (unlikely(self->moving.n))
		weft_move_send(self);
	if (unlikely(atomic_load_explicit(&self->call.state, memory_order_acquire) == WEFT_CALL_POSTED))
		run_call(self);
	if (unlikely(now >= self->timers.next_sweep))
		sweep(self, now);
}

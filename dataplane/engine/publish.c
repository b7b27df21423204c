// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Workers find the snapshot in force by one pointer. A snapshot that is replaced is retired when every worker has
// passed a quiescent point. Nothing here waits, except without memory.
#include "publish.h"

#include <stdlib.h>

#include <rte_cycles.h>

#include "dataplane/core/state.h"
#include "dataplane/devices/offload.h"
#include "dataplane/manage/defer.h"

// How long the snapshot of the generation before is kept. Packets that were on their way when a generation came into
// force have arrived by then; a host that does not have the generation by then is late.
#define BEFORE_S 3

struct retired {
	struct weft_snapshot *snap;
	void (*retire)(struct weft_snapshot *snap);
};

static uint64_t published_token; // of the quiescent points, when a snapshot was last published or shown
static void (*retire_before)(struct weft_snapshot *snap);
static uint64_t forget_at; // TSC; 0: no snapshot of the generation before is kept

static void
run_retire(void *arg)
{
	struct retired *retired = arg;

	retired->retire(retired->snap);
	free(retired);
}

// Calls RETIRE on OLD, to which no pointer leads any more, when no worker uses it.
static void
retire_later(struct weft_snapshot *old, void (*retire)(struct weft_snapshot *snap))
{
	struct retired *retired = malloc(sizeof(*retired));

	if (retired) {
		*retired = (struct retired){ .snap = old, .retire = retire };
		if (weft_defer_add(run_retire, retired) == 0)
			return;
		free(retired);
	}
	// Without memory for a note, the only safe thing is to wait.
	weft_defer_quiesce();
	retire(old);
}

static void
forget_before(void)
{
	struct weft_snapshot *before = atomic_exchange(&weft_engine.before, NULL);

	if (before)
		retire_later(before, retire_before);
}

void
weft_engine_publish(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap))
{
	struct weft_snapshot *old = atomic_load(&weft_engine.snapshot);
	bool keep = snap->cluster && snap->underlay && old->generation != snap->generation;

	// Frames still come that other hosts have judged by the generation before.
	if (keep) {
		forget_before();
		retire_before = retire;
		forget_at = rte_rdtsc() + BEFORE_S * weft_engine.hz;
		atomic_store(&weft_engine.before, old);
	}
	atomic_store(&weft_engine.snapshot, snap);
	atomic_store(&weft_engine.next, NULL);
	published_token = rte_rcu_qsbr_start(weft_engine.qsbr);
	// Packets that hardware has carried until now go to the workers from here on, which judge them by the new
	// snapshot.
	weft_offload_revoke(snap);
	if (!keep)
		retire_later(old, retire);
}

void
weft_engine_show_next(const struct weft_snapshot *snap)
{
	atomic_store(&weft_engine.next, snap);
	published_token = rte_rcu_qsbr_start(weft_engine.qsbr);
}

void
weft_engine_withdraw_next(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap))
{
	atomic_store(&weft_engine.next, NULL);
	retire_later(snap, retire);
}

void
weft_engine_fence_at(uint64_t tsc)
{
	atomic_store(&weft_engine.fence_at, tsc);
}

bool
weft_engine_fenced(void)
{
	return rte_rdtsc() >= atomic_load(&weft_engine.fence_at);
}

bool
weft_engine_settled(uint64_t version)
{
	return weft_engine_snapshot()->version >= version &&
	       rte_rcu_qsbr_check(weft_engine.qsbr, published_token, false) == 1 && weft_offload_settled();
}

unsigned int
weft_engine_poll(void)
{
	if (forget_at && rte_rdtsc() > forget_at) {
		forget_at = 0;
		forget_before();
	}
	return weft_defer_run();
}

void
weft_publish_stop(void)
{
	forget_before();
	weft_defer_run_all();
}

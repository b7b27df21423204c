// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Publication: one pointer to an immutable snapshot, and a list of what may be freed once every worker has
// passed a quiescent point (rte_rcu_qsbr). Nothing here waits, the end of the process aside.
#include <stdlib.h>

#include <rte_cycles.h>

#include "dataplane/core/core.h"

struct deferred {
	struct deferred *next;
	uint64_t token;
	void (*fn)(void *arg);
	void *arg;
};

struct retired {
	struct weft_snapshot *snap;
	void (*retire)(struct weft_snapshot *snap);
};

static struct deferred *first, **last = &first;
static unsigned int n_deferred;
static uint64_t published_token;

// Packets that were on their way when a generation came into force have arrived by then; and a host that has not got it
// by then is late.
#define BEFORE_S 3

static void (*retire_before)(struct weft_snapshot *snap);
static uint64_t forget_at; // TSC

int
dp_defer(void (*fn)(void *arg), void *arg)
{
	struct deferred *d = malloc(sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	*d = (struct deferred){ .token = rte_rcu_qsbr_start(dp.qsbr), .fn = fn, .arg = arg };
	*last = d;
	last = &d->next;
	n_deferred++;
	return 0;
}

void
dp_quiesce(void)
{
	rte_rcu_qsbr_synchronize(dp.qsbr, RTE_QSBR_THRID_INVALID);
}

static void
run_retire(void *arg)
{
	struct retired *retired = arg;

	retired->retire(retired->snap);
	free(retired);
}

// Calls RETIRE on OLD, which no pointer leads to any more, when no worker uses it.
static void
retire_later(struct weft_snapshot *old, void (*retire)(struct weft_snapshot *snap))
{
	struct retired *retired = malloc(sizeof(*retired));

	if (retired) {
		*retired = (struct retired){ .snap = old, .retire = retire };
		if (dp_defer(run_retire, retired) == 0)
			return;
		free(retired);
	}
	// Without memory for a note, the only safe thing is to wait.
	dp_quiesce();
	retire(old);
}

static void
forget_before(void)
{
	struct weft_snapshot *before = atomic_exchange(&dp.before, NULL);

	if (before)
		retire_later(before, retire_before);
}

void
weft_engine_publish(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap))
{
	struct weft_snapshot *old = atomic_load(&dp.snapshot);
	bool keep = snap->cluster && snap->underlay && old->generation != snap->generation;

	// Frames that were judged elsewhere by the generation before still come.
	if (keep) {
		forget_before();
		retire_before = retire;
		forget_at = rte_rdtsc() + BEFORE_S * dp.hz;
		atomic_store(&dp.before, old);
	}
	atomic_store(&dp.snapshot, snap);
	atomic_store(&dp.next, NULL);
	published_token = rte_rcu_qsbr_start(dp.qsbr);
	// Packets that hardware has carried until now are the workers' from here on, by the new snapshot.
	dp_offload_revoke(snap);
	if (!keep)
		retire_later(old, retire);
}

void
weft_engine_offer(const struct weft_snapshot *snap)
{
	atomic_store(&dp.next, snap);
	published_token = rte_rcu_qsbr_start(dp.qsbr);
}

void
weft_engine_fence_at(uint64_t tsc)
{
	atomic_store(&dp.fence_at, tsc);
}

bool
weft_engine_fenced(void)
{
	return rte_rdtsc() >= atomic_load(&dp.fence_at);
}

void
weft_engine_withdraw(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap))
{
	atomic_store(&dp.next, NULL);
	retire_later(snap, retire);
}

const struct weft_snapshot *
weft_engine_snapshot(void)
{
	return atomic_load(&dp.snapshot);
}

bool
weft_engine_settled(uint64_t version)
{
	return weft_engine_snapshot()->version >= version && rte_rcu_qsbr_check(dp.qsbr, published_token, false) == 1 &&
	       dp_offload_settled();
}

static void
run_first(void)
{
	struct deferred *d = first;

	first = d->next;
	if (first == NULL)
		last = &first;
	n_deferred--;
	d->fn(d->arg);
	free(d);
}

unsigned int
weft_engine_poll(void)
{
	if (forget_at && rte_rdtsc() > forget_at) {
		forget_at = 0;
		forget_before();
	}
	while (first && rte_rcu_qsbr_check(dp.qsbr, first->token, false) == 1)
		run_first();
	return n_deferred;
}

void
dp_publish_fini(void)
{
	forget_before();
	while (first)
		run_first();
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Publication: one pointer to an immutable snapshot, and a list of what may be freed once every worker has
// passed a quiescent point (rte_rcu_qsbr). Nothing here waits, the end of the process aside.
#include <stdlib.h>

#include "dataplane.h"

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

void
weft_engine_publish(struct weft_snapshot *snap, void (*retire)(struct weft_snapshot *snap))
{
	struct weft_snapshot *old = atomic_exchange(&dp.snapshot, snap);
	struct retired *retired = malloc(sizeof(*retired));

	published_token = rte_rcu_qsbr_start(dp.qsbr);
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

const struct weft_snapshot *
weft_engine_snapshot(void)
{
	return atomic_load(&dp.snapshot);
}

bool
weft_engine_settled(uint64_t version)
{
	return weft_engine_snapshot()->version >= version && rte_rcu_qsbr_check(dp.qsbr, published_token, false) == 1;
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
	while (first && rte_rcu_qsbr_check(dp.qsbr, first->token, false) == 1)
		run_first();
	return n_deferred;
}

void
dp_publish_fini(void)
{
	while (first)
		run_first();
}

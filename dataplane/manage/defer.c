// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "defer.h"

#include <stdlib.h>

#include "dataplane/core/state.h"

struct deferred {
	struct deferred *next;
	uint64_t token; // of the quiescent points
	void (*fn)(void *arg);
	void *arg;
};

static struct deferred *first, **last = &first;
static unsigned int n_deferred;

int
weft_defer_add(void (*fn)(void *arg), void *arg)
{
	struct deferred *d = malloc(sizeof(*d));

	if (d == NULL)
		return -ENOMEM;
	*d = (struct deferred){ .token = rte_rcu_qsbr_start(weft_engine.qsbr), .fn = fn, .arg = arg };
	*last = d;
	last = &d->next;
	n_deferred++;
	return 0;
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
weft_defer_run(void)
{
	while (first && rte_rcu_qsbr_check(weft_engine.qsbr, first->token, false) == 1)
		run_first();
	return n_deferred;
}

void
weft_defer_run_all(void)
{
	while (first)
		run_first();
}

void
weft_defer_quiesce(void)
{
	rte_rcu_qsbr_synchronize(weft_engine.qsbr, RTE_QSBR_THRID_INVALID);
}

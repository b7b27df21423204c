// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The only ways for a packet to end without being delivered: it is dropped, or it was for the switch itself.
#include "drop.h"

#include "weft/explain.h"
#include "weft/worker.h"

static const char *const names[WEFT_N_DROPS] = {
#define X(name, text) [WEFT_DROP_##name] = #name,
	WEFT_DROP_REASONS(X)
#undef X
};

static const char *const texts[WEFT_N_DROPS] = {
#define X(name, text) [WEFT_DROP_##name] = text,
	WEFT_DROP_REASONS(X)
#undef X
};

const char *
weft_drop_name(enum weft_drop_reason reason)
{
	static char lower[WEFT_N_DROPS][32];
	char *name = lower[reason];

	// Two threads may write the same bytes at a time. The first byte is written last: it says that the name is
	// complete.
	if (name[0] == 0) {
		for (unsigned int i = 1; names[reason][i] && i < sizeof(lower[0]) - 1; i++)
			name[i] = names[reason][i] | (names[reason][i] == '_' ? 0 : 0x20);
		name[0] = names[reason][0] | 0x20;
	}
	return name;
}

const char *
weft_drop_text(enum weft_drop_reason reason)
{
	return texts[reason];
}

static void
bury(struct weft_worker *worker, struct rte_mbuf *m)
{
	worker->dropped.pkts[worker->dropped.n++] = m;
	if (worker->dropped.n == RTE_DIM(worker->dropped.pkts))
		weft_free_dead(worker);
}

void
weft_drop_mbuf(struct weft_worker *worker, struct rte_mbuf *m, enum weft_drop_reason reason)
{
	worker->counters.port[m->port].drop[reason]++;
	bury(worker, m);
}

void
weft_take(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	if (vec->dry_run)
		return;
	WEFT_FOREACH_LANE (i, mask) {
		worker->counters.port[vec->pkts[i]->port].taken++;
		bury(worker, vec->pkts[i]);
	}
}

void
weft_drop(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask, enum weft_drop_reason reason)
{
	if (vec->explain && mask) {
		vec->explain->dropped = true;
		vec->explain->reason = reason;
	}
	if (vec->dry_run)
		return;
	WEFT_FOREACH_LANE (i, mask)
		weft_drop_mbuf(worker, vec->pkts[i], reason);
}

void
weft_free_dead(struct weft_worker *worker)
{
	if (worker->dropped.n) {
		rte_pktmbuf_free_bulk(worker->dropped.pkts, worker->dropped.n);
		worker->dropped.n = 0;
	}
}

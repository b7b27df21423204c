// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The background pass over the connections: those without traffic end, those that wait under old rules are judged
// again, and those whose port has got another worker follow it. A step is bounded; the whole table takes about a
// second, and where all of it is to be judged again, JUDGE_COST times as long.
#include "sweep.h"

#include "pipeline/tables/frags.h"
#include "pipeline/tables/sessions.h"
#include "weft/worker.h"

#include "flow.h"
#include "judge.h"

#define AHEAD	   8
#define JUDGE_COST 4 // as many records as one that is judged again

static bool
is_gone(const struct weft_snapshot *snap, uint16_t slot)
{
	return slot != WEFT_PORT_NONE && weft_snapshot_slot(snap, slot)->gen == 0;
}

// Whether weft rejects S's packets with an answer. Then the record stays, without passing packets, until one can be
// answered.
static bool
waits(const struct weft_snapshot *snap, const struct weft_session *s, const struct judgement *j)
{
	bool tell = j->reject;

	for (unsigned int end = 0; end < 2; end++) {
		const struct weft_policy *policy = weft_snapshot_slot(snap, s->key.slot[end])->policy;

		tell = tell || (policy && policy->reject_revoked);
	}
	return tell;
}

static void
judge_idle(struct weft_worker *worker, uint32_t record)
{
	struct weft_sessions *t = worker->firewall.sessions;
	struct weft_session *s = &t->rec[record];
	struct judgement j;

	weft_judge_again(worker->snap, s, &j);
	if (j.reason < 0 && !j.stateless) {
		weft_judge_record(worker, s, &j);
		t->rejudged++;
	} else if (j.reason < 0 || !waits(worker->snap, s, &j)) {
		t->revoked += j.reason >= 0;
		weft_session_remove(t, record);
	}
}

// Visits one record. Returns the cost, in records.
static uint32_t
look_at(struct weft_worker *worker, uint32_t record)
{
	struct weft_sessions *t = worker->firewall.sessions;
	struct weft_session *s = &t->rec[record];

	if (s->state == WEFT_SESSION_FREE)
		return 1;
	if (worker->clock - s->seen > t->timeout[s->state]) {
		t->expired++;
		weft_session_remove(t, record);
		return 1;
	}
	if (is_gone(worker->snap, s->key.slot[0]) || is_gone(worker->snap, s->key.slot[1])) {
		weft_session_remove(t, record);
		return 1;
	}
	weft_sessions_settle(t, s);
	if (!weft_flow_is_stale(worker->snap, s))
		return 1;
	judge_idle(worker, record);
	return JUDGE_COST;
}

void
weft_sessions_sweep(struct weft_worker *worker, uint32_t n)
{
	struct weft_sessions *t = worker->firewall.sessions;

	weft_frags_sweep(worker);
	if (t->n == 0)
		return;
	for (uint32_t cost = 0; cost < n; t->sweep++) {
		if (t->sweep > t->high)
			t->sweep = 1;
		rte_prefetch0(&t->rec[RTE_MIN(t->sweep + AHEAD, t->high)]);
		cost += look_at(worker, t->sweep);
	}
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Answers to the control thread about connections and rules.
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/state.h"

// Records that a worker copies between two rounds.
#define STEP 2048

struct session_call {
	uint32_t next; // record
	uint32_t n;
	uint32_t clock;
	bool done;
	bool (*fn)(void *arg, const struct weft_session *session, uint32_t clock);
	void *arg;
	uint32_t record[STEP];
	struct weft_session copy[STEP];
};

static void
copy_some(struct weft_worker *worker, void *arg)
{
	struct session_call *call = arg;
	const struct weft_sessions *t = worker->firewall.sessions;
	uint32_t end = RTE_MIN(call->next + STEP, t->high + 1);

	call->n = 0;
	call->clock = worker->clock;
	for (; call->next < end; call->next++) {
		if (t->rec[call->next].state == WEFT_SESSION_FREE)
			continue;
		call->record[call->n] = call->next;
		call->copy[call->n++] = t->rec[call->next];
	}
	call->done = call->next > t->high;
}

// Removes the records that still hold the connection that was copied.
static void
remove_some(struct weft_worker *worker, void *arg)
{
	struct session_call *call = arg;
	struct weft_sessions *t = worker->firewall.sessions;

	for (uint32_t i = 0; i < call->n; i++) {
		const struct weft_session *s = &t->rec[call->record[i]];

		if (s->state != WEFT_SESSION_FREE && memcmp(&s->key, &call->copy[i].key, sizeof(s->key)) == 0)
			weft_session_remove(t, call->record[i]);
	}
}

int
weft_engine_each_session(
	uint16_t worker, bool (*fn)(void *arg, const struct weft_session *session, uint32_t clock), void *arg)
{
	struct session_call *call = calloc(1, sizeof(*call));
	int ret = call ? 0 : -ENOMEM;

	if (call) {
		call->next = 1;
		call->fn = fn;
		call->arg = arg;
	}
	while (ret == 0 && !call->done) {
		uint32_t n_kill = 0;

		ret = weft_engine_call(worker, copy_some, call);
		for (uint32_t i = 0; ret == 0 && i < call->n; i++) {
			if (!fn(arg, &call->copy[i], call->clock))
				continue;
			call->record[n_kill] = call->record[i];
			call->copy[n_kill++] = call->copy[i];
		}
		call->n = n_kill;
		if (ret == 0 && n_kill)
			ret = weft_engine_call(worker, remove_some, call);
	}
	free(call);
	return ret;
}

void
weft_engine_session_counts(uint16_t worker, struct weft_session_counts *counts)
{
	const volatile struct weft_sessions *t = weft_engine.workers[worker]->w.firewall.sessions;

	*counts = (struct weft_session_counts){
		.n = t->n,
		.size = t->size,
		.opened = t->opened,
		.expired = t->expired,
		.evicted = t->evicted,
		.revoked = t->revoked,
		.rejudged = t->rejudged,
		.moved = t->moved,
		.log_lost =
			((const volatile struct weft_rule_log *)weft_engine.workers[worker]->w.firewall.rule_log)->lost
	};
}

void
weft_engine_port_sessions(uint16_t slot, struct weft_port_sessions *sum)
{
	*sum = (struct weft_port_sessions){ 0 };
	for (uint16_t w = 0; w < weft_engine.n_workers; w++) {
		const volatile struct weft_port_sessions *port = &weft_engine.sessions[w]->port[slot];

		sum->n += port->n;
		sum->n_half += port->n_half;
		sum->n_frags += port->n_frags;
	}
}

void
weft_engine_rule_stats(uint32_t counter, struct weft_rule_stats *sum)
{
	*sum = (struct weft_rule_stats){ .last = UINT32_MAX };
	for (uint16_t w = 0; w < weft_engine.n_workers; w++) {
		const volatile struct weft_rule_stats *rule = &weft_engine.sessions[w]->rule[counter];
		uint32_t clock = weft_engine.workers[w]->w.clock;

		sum->packets += rule->packets;
		sum->bytes += rule->bytes;
		sum->connections += rule->connections;
		if (rule->packets || rule->connections)
			sum->last = RTE_MIN(sum->last, clock - RTE_MIN(rule->last, clock));
	}
}

void
weft_engine_rule_clear(uint32_t counter)
{
	for (uint16_t w = 0; w < weft_engine.n_workers; w++)
		memset(&weft_engine.sessions[w]->rule[counter], 0, sizeof(weft_engine.sessions[w]->rule[counter]));
}

void
weft_engine_rule_log(void (*fn)(void *arg, const struct weft_rule_log_entry *entry), void *arg)
{
	for (uint16_t w = 0; w < weft_engine.n_workers; w++) {
		struct weft_rule_log *log = weft_engine.workers[w]->w.firewall.rule_log;
		uint32_t tail = atomic_load_explicit(&log->tail, memory_order_relaxed);

		while (tail != atomic_load_explicit(&log->head, memory_order_acquire)) {
			fn(arg, &log->entry[tail % WEFT_RULE_LOG_SIZE]);
			atomic_store_explicit(&log->tail, ++tail, memory_order_release);
		}
	}
}

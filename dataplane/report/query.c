// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Answers to the control thread: counters, learned addresses, and what the pipeline would do with a frame.
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_jhash.h>
#include <rte_lcore.h>

#include "dataplane/core/state.h"
#include "weft/explain.h"
#include "weft/fdb.h"
#include "weft/groups.h"

void
weft_engine_port_stats(uint16_t slot, struct weft_port_stats *sum)
{
	uint64_t *to = (uint64_t *)sum;

	memset(sum, 0, sizeof(*sum));
	for (uint16_t i = 0; i < weft_engine.n_workers; i++) {
		const volatile uint64_t *from =
			(const volatile uint64_t *)&weft_engine.workers[i]->w.counters.port[slot];

		for (unsigned int k = 0; k < sizeof(*sum) / sizeof(*to); k++)
			to[k] += from[k];
	}
}

unsigned int
weft_engine_worker_lcore(uint16_t worker)
{
	return rte_lcore_to_cpu_id(weft_engine.workers[worker]->lcore);
}

void
weft_engine_neighbour(uint16_t slot, uint32_t hop, uint64_t *mac, uint32_t *age)
{
	struct weft_neighbour *neighbour = &weft_engine.neighbour[slot];

	*mac = atomic_load(&neighbour->hop) == hop ? atomic_load(&neighbour->mac) : 0;
	*age = *(volatile uint32_t *)&weft_engine.workers[0]->w.clock - atomic_load(&neighbour->heard);
}

void
weft_engine_set_neighbour(uint16_t slot, uint32_t hop, uint64_t mac)
{
	struct weft_neighbour *neighbour = &weft_engine.neighbour[slot];

	atomic_store(&neighbour->mac, mac);
	atomic_store(&neighbour->heard, *(volatile uint32_t *)&weft_engine.workers[0]->w.clock);
	atomic_store(&neighbour->hop, hop);
}

void
weft_engine_bfd(uint16_t slot, uint8_t *state, uint8_t *diagnostic, uint64_t *ms, uint32_t *changes)
{
	struct weft_bfd *bfd = &weft_engine.bfd[slot];

	*state = atomic_load(&bfd->state);
	*diagnostic = atomic_load(&bfd->diagnostic);
	*ms = (rte_rdtsc() - atomic_load(&bfd->since)) * 1000 / weft_engine.hz;
	*changes = atomic_load(&bfd->changes);
}

void
weft_engine_group_counts(uint16_t worker, uint32_t *n, uint64_t *refused)
{
	const struct weft_groups *groups = weft_engine.workers[worker]->w.groups;

	*n = groups->n;
	*refused = groups->refused;
}

void
weft_engine_stamp_stats(uint16_t worker, struct weft_stamp_stats *stats)
{
	*stats = weft_engine.workers[worker]->w.counters.stamps;
}

void
weft_engine_worker_stats(
	uint16_t worker, struct weft_worker_stats *stats, struct weft_stage_stats stages[WEFT_N_STAGES])
{
	*stats = weft_engine.workers[worker]->stats;
	memcpy(stages, weft_engine.workers[worker]->w.counters.stage, sizeof(stages[0]) * WEFT_N_STAGES);
}

struct explain_call {
	uint16_t slot;
	const uint8_t *frame;
	uint16_t len;
	struct weft_explain *explain;
	uint16_t elsewhere; // the worker that has the packet's connection; WEFT_MAX_WORKERS: the one that ran
	int ret;
};

static void
run_explain(struct weft_worker *worker, void *arg)
{
	struct explain_call *call = arg;
	struct weft_vec *vec = &weft_engine_worker_of(worker)->vec; // empty between two rounds
	struct rte_mbuf *m = rte_pktmbuf_alloc(worker->pool);
	char *data = m ? rte_pktmbuf_append(m, call->len) : NULL;

	if (data == NULL) {
		rte_pktmbuf_free(m);
		call->ret = -ENOMEM;
		return;
	}
	memcpy(data, call->frame, call->len);
	m->port = call->slot;
	vec->n = 1;
	vec->passed = 0;
	vec->elsewhere = WEFT_MAX_WORKERS;
	vec->dry_run = true;
	vec->explain = call->explain;
	vec->now = rte_rdtsc();
	vec->pkts[0] = m;
	vec->lanes[0].in = call->slot;
	if (weft_snapshot_slot(worker->snap, call->slot)->gen)
		weft_chain_run(worker, vec, false);
	else
		call->ret = -ENOENT;
	call->elsewhere = vec->elsewhere;
	vec->n = 0;
	vec->dry_run = false;
	vec->explain = NULL;
	rte_pktmbuf_free(m);
}

int
weft_engine_explain(uint16_t slot, const uint8_t *frame, uint16_t len, struct weft_explain *explain)
{
	struct explain_call call = { .slot = slot, .frame = frame, .len = len, .explain = explain };
	uint16_t owner = weft_snapshot_slot(weft_engine_snapshot(), slot)->owner;
	int ret;

	memset(explain, 0, sizeof(*explain));
	call.elsewhere = WEFT_MAX_WORKERS;
	ret = weft_engine_call(owner < weft_engine.n_workers ? owner : 0, run_explain, &call);
	// Another worker has the packet's connection: it gives the answer.
	if (ret == 0 && call.ret == 0 && call.elsewhere < weft_engine.n_workers) {
		memset(explain, 0, sizeof(*explain));
		ret = weft_engine_call(call.elsewhere, run_explain, &call);
	}
	return ret ? ret : call.ret;
}

struct fdb_call {
	struct weft_fdb_row *rows;
	uint32_t n;
	uint32_t found;
};

static void
run_fdb(struct weft_worker *worker, void *arg)
{
	const struct weft_mactab *tab = &worker->fdb->tab;
	struct fdb_call *call = arg;

	for (uint32_t b = 0; b <= tab->mask; b++) {
		for (unsigned int i = 0; i < WEFT_MACTAB_WAYS; i++) {
			const struct weft_mac_entry *entry = &tab->buckets[b].way[i];

			if (entry->key == 0 || !weft_snapshot_port(worker->snap, entry->port, entry->gen))
				continue;
			if (call->found < call->n)
				call->rows[call->found] = (struct weft_fdb_row){
					.key = entry->key, .port = entry->port, .age_s = worker->clock - entry->seen
				};
			call->found++;
		}
	}
}

uint32_t
weft_engine_fdb(struct weft_fdb_row *rows, uint32_t n)
{
	struct fdb_call call = { .rows = rows, .n = n };

	return weft_engine_call(0, run_fdb, &call) ? 0 : call.found;
}

static void
run_hash(struct weft_worker *worker, void *arg)
{
	const struct weft_mactab *tab = &worker->fdb->tab;
	uint64_t *hash = arg;
	uint32_t h = (uint32_t)*hash;

	h = rte_jhash(tab->buckets, (tab->mask + 1) * sizeof(tab->buckets[0]), h);
	h = rte_jhash(worker->fdb->count, WEFT_MAX_PORTS * sizeof(worker->fdb->count[0]), h);
	h = rte_jhash(worker->firewall.sessions->rec,
		(worker->firewall.sessions->high + 1) * sizeof(worker->firewall.sessions->rec[0]), h);
	h = rte_jhash(worker->firewall.sessions->port, WEFT_MAX_PORTS * sizeof(worker->firewall.sessions->port[0]), h);
	h = rte_jhash(
		worker->firewall.sessions->rule, WEFT_MAX_COUNTERS * sizeof(worker->firewall.sessions->rule[0]), h);
	h = rte_jhash(worker->flood, WEFT_MAX_PORTS * sizeof(worker->flood[0]), h);
	h = rte_jhash(worker->counters.port, WEFT_MAX_PORTS * sizeof(worker->counters.port[0]), h);
	*hash = *hash << 32 ^ h;
}

uint64_t
weft_engine_state_hash(void)
{
	uint64_t hash = 0;

	for (uint16_t i = 0; i < weft_engine.n_workers; i++)
		if (weft_engine_call(i, run_hash, &hash))
			return 0;
	return hash;
}

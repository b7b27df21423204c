// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "worker_new.h"

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dataplane/core/gossip.h"
#include "dataplane/core/handoff.h"
#include "dataplane/core/state.h"
#include "dataplane/shaping/shaper.h"
#include "weft/fdb.h"
#include "weft/groups.h"
#include "weft/offload.h"

#include "outbox.h"

#define GROUPS		  32768 // multicast groups, and ports in them
#define SWEEPS_PER_SECOND 1000
// The most events that a worker logs for rules, and the most replies that it sends to what a port's rules reject.
#define EVENTS_PER_SECOND     100
#define REJECTIONS_PER_SECOND 100

#define TAKE(n, what) rte_zmalloc("worker", (n) * sizeof(*(what)), RTE_CACHE_LINE_SIZE)

void
weft_worker_free(struct weft_engine_worker *worker)
{
	if (worker == NULL)
		return;
	rte_free(worker->w.counters.port);
	rte_free(worker->w.flood);
	rte_free(worker->w.outbox.port);
	rte_free(worker->w.outbox.worker);
	weft_fdb_free(worker->w.fdb);
	weft_groups_free(worker->w.groups);
	weft_sessions_free(worker->w.firewall.sessions);
	rte_free(worker->w.firewall.rule_log);
	rte_free(worker->w.firewall.offers);
	rte_free(worker->own);
	rte_free(worker->poll.slot);
	rte_free(worker->notify.slot);
	rte_free(worker->moving.slot);
	rte_free(worker->shaping.place);
	rte_free(worker->shaping.queue);
	weft_wheel_free(worker->shaping.wheel);
	rte_free(worker);
}

// Sets up the part that stages use. Returns whether there was memory for it.
static bool
fill_stage_worker(struct weft_worker *w)
{
	const struct weft_engine_config *config = &weft_engine.config;

	w->pool = weft_engine.pool;
	w->snap = atomic_load(&weft_engine.snapshot);
	w->firewall.offering = &weft_engine.offering;
	w->overlay.neighbour = weft_engine.neighbour;
	w->overlay.bfd = weft_engine.bfd;
	w->debt.owed = weft_engine.owed;
	w->overlay.mac = weft_engine.mac;
	w->outbox.flush_port = weft_outbox_flush_port;
	w->outbox.flush_worker = weft_handoff_flush;
	w->firewall.log_rate =
		(struct weft_rate){ .cost = weft_engine.hz / EVENTS_PER_SECOND, .burst = weft_engine.hz };
	w->firewall.rejection_rate =
		(struct weft_rate){ .cost = weft_engine.hz / REJECTIONS_PER_SECOND, .burst = weft_engine.hz / 10 };
	w->counters.port = TAKE(WEFT_MAX_PORTS, w->counters.port);
	w->flood = TAKE(WEFT_MAX_PORTS, w->flood);
	w->outbox.port = TAKE(WEFT_MAX_PORTS, w->outbox.port);
	w->outbox.worker = TAKE(WEFT_MAX_WORKERS, w->outbox.worker);
	w->fdb = weft_fdb_new(config->fdb_size, config->fdb_age_s, rte_rand());
	w->groups = weft_groups_new(GROUPS, config->multicast_query_s, rte_rand());
	w->firewall.sessions = weft_sessions_new(config->sessions, config->fragments);
	w->firewall.rule_log = TAKE(1, w->firewall.rule_log);
	w->firewall.offers = TAKE(1, w->firewall.offers);
	for (unsigned int i = 0; w->firewall.sessions && i < WEFT_N_SESSION_STATES; i++)
		if (config->timeout[i])
			w->firewall.sessions->timeout[i] = config->timeout[i];
	return w->counters.port && w->flood && w->outbox.port && w->outbox.worker && w->fdb && w->groups &&
	       w->firewall.sessions && w->firewall.rule_log && w->firewall.offers;
}

// Sets up the part that the engine itself uses. Returns whether there was memory for it.
static bool
fill_engine_worker(struct weft_engine_worker *worker)
{
	worker->own = TAKE(WEFT_MAX_PORTS, worker->own);
	worker->poll.slot = TAKE(WEFT_MAX_PORTS, worker->poll.slot);
	worker->notify.slot = TAKE(WEFT_MAX_PORTS, worker->notify.slot);
	worker->moving.slot = TAKE(WEFT_MAX_PORTS, worker->moving.slot);
	worker->shaping.place = TAKE(WEFT_MAX_PORTS, worker->shaping.place);
	worker->shaping.queue = TAKE(WEFT_N_BUCKETS, worker->shaping.queue);
	worker->shaping.wheel = weft_wheel_new(WEFT_WHEEL_SIZE, rte_rdtsc());
	return worker->own && worker->poll.slot && worker->notify.slot && worker->moving.slot &&
	       worker->shaping.place && worker->shaping.queue && worker->shaping.wheel;
}

struct weft_engine_worker *
weft_worker_new(uint16_t id, unsigned int lcore)
{
	struct weft_engine_worker *worker = TAKE(1, worker);
	uint64_t sweeps;

	if (worker == NULL)
		return NULL;
	worker->lcore = lcore;
	worker->w.id = id;
	if (!fill_stage_worker(&worker->w) || !fill_engine_worker(worker)) {
		weft_worker_free(worker);
		return NULL;
	}
	if (weft_engine.n_workers > 1)
		worker->w.fdb->tell = worker->w.groups->tell = weft_gossip_send;
	// The whole table is swept four times in an address's life.
	sweeps = (uint64_t)weft_engine.config.fdb_age_s * SWEEPS_PER_SECOND / 4;
	worker->timers.sweep_step = worker->w.fdb->tab.mask / RTE_MAX(sweeps, UINT64_C(1)) + 1;
	return worker;
}

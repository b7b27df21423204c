// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Start and stop of the data plane, and calls into a worker.
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dataplane/core/core.h"
#include "weft/offload.h"

#define POOL_CACHE	  256
#define GROUPS		  32768 // multicast groups, and ports in them
#define CALL_TIMEOUT_MS	  2000
#define SWEEPS_PER_SECOND 1000
// What a worker passes on of what rules ask to be logged, and of replies to what is refused, for each port.
#define EVENTS_PER_SECOND   100
#define REFUSALS_PER_SECOND 100

struct dp_engine dp;

static void
free_worker(struct dp_worker *worker)
{
	if (worker == NULL)
		return;
	rte_free(worker->w.stats);
	rte_free(worker->w.flood);
	rte_free(worker->w.port_out);
	rte_free(worker->w.worker_out);
	weft_fdb_free(worker->w.fdb);
	weft_groups_free(worker->w.groups);
	weft_sessions_free(worker->w.sessions);
	rte_free(worker->w.events);
	rte_free(worker->w.offers);
	rte_free(worker->leaving);
	rte_free(worker->unsettled);
	rte_free(worker->own);
	rte_free(worker->place);
	rte_free(worker->list);
	rte_free(worker->line);
	weft_wheel_free(worker->wheel);
	rte_free(worker);
}

static struct dp_worker *
new_worker(uint16_t id, unsigned int lcore)
{
	struct dp_worker *worker = rte_zmalloc("worker", sizeof(*worker), RTE_CACHE_LINE_SIZE);
	struct weft_worker *w = &worker->w;
	uint64_t sweeps;

	if (worker == NULL)
		return NULL;
	worker->lcore = lcore;
	w->id = id;
	w->pool = dp.pool;
	w->snap = atomic_load(&dp.snapshot);
	w->stats = rte_zmalloc("stats", WEFT_MAX_PORTS * sizeof(w->stats[0]), RTE_CACHE_LINE_SIZE);
	w->flood = rte_zmalloc("flood", WEFT_MAX_PORTS * sizeof(w->flood[0]), RTE_CACHE_LINE_SIZE);
	w->port_out = rte_zmalloc("out", WEFT_MAX_PORTS * sizeof(w->port_out[0]), RTE_CACHE_LINE_SIZE);
	w->worker_out = rte_zmalloc("out", WEFT_MAX_WORKERS * sizeof(w->worker_out[0]), RTE_CACHE_LINE_SIZE);
	w->fdb = weft_fdb_new(dp.config.fdb_size, dp.config.fdb_age_s, rte_rand());
	w->groups = weft_groups_new(GROUPS, dp.config.multicast_query_s, rte_rand());
	w->sessions = weft_sessions_new(dp.config.sessions, dp.config.fragments);
	for (unsigned int i = 0; w->sessions && i < WEFT_N_SESSION_STATES; i++)
		if (dp.config.timeout[i])
			w->sessions->timeout[i] = dp.config.timeout[i];
	w->events = rte_zmalloc("events", sizeof(*w->events), RTE_CACHE_LINE_SIZE);
	w->offers = rte_zmalloc("offers", sizeof(*w->offers), RTE_CACHE_LINE_SIZE);
	w->offering = &dp.offering;
	w->event_rate = (struct weft_rate){ .cost = dp.hz / EVENTS_PER_SECOND, .burst = dp.hz };
	w->refuse_rate = (struct weft_rate){ .cost = dp.hz / REFUSALS_PER_SECOND, .burst = dp.hz / 10 };
	w->neighbour = dp.neighbour;
	w->bfd = dp.bfd;
	w->owed = dp.owed;
	w->mac = dp.mac;
	w->flush_port = dp_flush_port;
	w->flush_worker = dp_flush_worker;
	worker->own = rte_zmalloc("own", WEFT_MAX_PORTS * sizeof(worker->own[0]), RTE_CACHE_LINE_SIZE);
	worker->place = rte_zmalloc("own", WEFT_MAX_PORTS * sizeof(worker->place[0]), RTE_CACHE_LINE_SIZE);
	worker->list = rte_zmalloc("own", WEFT_MAX_PORTS * sizeof(worker->list[0]), RTE_CACHE_LINE_SIZE);
	worker->leaving = rte_zmalloc("own", WEFT_MAX_PORTS * sizeof(worker->leaving[0]), RTE_CACHE_LINE_SIZE);
	worker->wheel = weft_wheel_new(DP_WHEEL_SIZE, rte_rdtsc());
	worker->line = rte_zmalloc("line", DP_BUCKETS * sizeof(worker->line[0]), RTE_CACHE_LINE_SIZE);
	worker->unsettled = rte_zmalloc("own", WEFT_MAX_PORTS * sizeof(worker->unsettled[0]), RTE_CACHE_LINE_SIZE);
	if (!w->stats || !w->flood || !w->port_out || !w->worker_out || !w->fdb || !w->groups || !w->sessions ||
		!w->events || !w->offers || !worker->own || !worker->place || !worker->list || !worker->leaving ||
		!worker->unsettled || !worker->wheel || !worker->line) {
		free_worker(worker);
		return NULL;
	}
	if (dp.n_workers > 1)
		w->fdb->tell = w->groups->tell = dp_gossip_send;
	// The whole table is swept four times in an address's life.
	sweeps = (uint64_t)dp.config.fdb_age_s * SWEEPS_PER_SECOND / 4;
	worker->sweep_step = w->fdb->tab.mask / RTE_MAX(sweeps, UINT64_C(1)) + 1;
	return worker;
}

static int
start_workers(struct weft_error *err)
{
	unsigned int lcore;
	uint16_t n = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (n == dp.n_workers)
			break;
		dp.workers[n] = new_worker(n, lcore);
		if (dp.workers[n] == NULL)
			return weft_fail(
				err, ENOMEM, "no memory for worker %u: raise \"memory_mb\", or lower \"sessions\"", n);
		dp.sessions[n] = dp.workers[n]->w.sessions;
		n++;
	}
	if (n < dp.n_workers)
		return weft_fail(err, EINVAL, "%u workers wanted, DPDK has %u lcores for them", dp.n_workers, n);
	for (uint16_t i = 0; i < n; i++) {
		dp.workers[i]->w.sessions->peers = dp.sessions;
		dp.workers[i]->w.sessions->n_peers = n;
		rte_rcu_qsbr_thread_register(dp.qsbr, i);
		if (rte_eal_remote_launch(dp_loop, dp.workers[i], dp.workers[i]->lcore))
			return weft_fail(err, EBUSY, "lcore %u is busy", dp.workers[i]->lcore);
	}
	return 0;
}

static int
take_memory(struct weft_error *err)
{
	struct weft_snapshot *empty;
	size_t size = rte_rcu_qsbr_get_memsize(dp.n_workers);

	dp.pool = rte_pktmbuf_pool_create(
		"weft", dp.config.n_mbufs, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (dp.pool == NULL)
		return weft_fail(err, ENOMEM, "no memory for %u packet buffers: raise \"memory_mb\" or lower \"mbufs\"",
			dp.config.n_mbufs);
	dp.qsbr = rte_zmalloc("qsbr", size, RTE_CACHE_LINE_SIZE);
	empty = rte_zmalloc("snapshot", sizeof(*empty), RTE_CACHE_LINE_SIZE);
	if (dp.qsbr == NULL || empty == NULL || rte_rcu_qsbr_init(dp.qsbr, dp.n_workers) ||
		weft_mactab_init(&empty->static_macs, 1, rte_rand()))
		return weft_fail(err, ENOMEM, "no memory for the first snapshot: raise \"memory_mb\"");
	empty->version = 1;
	weft_snapshot_blank(empty);
	atomic_store(&dp.snapshot, empty);
	atomic_store(&dp.fence_at, UINT64_MAX);
	return dp_handoff_init(err);
}

int
weft_engine_start(const struct weft_engine_config *config, struct weft_error *err)
{
	int ret;

	dp.config = *config;
	dp.n_workers = config->n_workers;
	dp.hz = rte_get_tsc_hz();
	dp.start_tsc = rte_rdtsc();
	for (unsigned int i = 0; i < WEFT_MAX_PORTS; i++) {
		dp.ports[i].slot = i;
		dp.ports[i].n_workers = config->n_workers;
		dp.ports[i].quiesce = dp_quiesce;
		atomic_store(&dp.ports[i].token, 0);
	}
	ret = dp_shape_init(err);
	if (ret == 0)
		ret = take_memory(err);
	if (ret == 0)
		ret = start_workers(err);
	if (ret)
		weft_engine_stop();
	return ret;
}

void
weft_engine_stop(void)
{
	atomic_store(&dp.stop, true);
	for (uint16_t i = 0; i < dp.n_workers; i++)
		if (dp.workers[i])
			rte_eal_wait_lcore(dp.workers[i]->lcore);
	dp_offload_fini();
	dp_ports_fini();
	dp_publish_fini();
	dp_handoff_fini();
	for (uint16_t i = 0; i < dp.n_workers; i++) {
		free_worker(dp.workers[i]);
		dp.workers[i] = NULL;
	}
	rte_free(dp.qsbr);
	dp.qsbr = NULL;
	rte_mempool_free(dp.pool);
	dp.pool = NULL;
}

uint16_t
weft_engine_n_workers(void)
{
	return dp.n_workers;
}

unsigned int
weft_engine_worker_lcore(uint16_t worker)
{
	return rte_lcore_to_cpu_id(dp.workers[worker]->lcore);
}

int
weft_engine_call(uint16_t worker, void (*fn)(struct weft_worker *worker, void *arg), void *arg)
{
	struct dp_worker *to = dp.workers[worker];
	int posted = CALL_POSTED;

	to->call_fn = fn;
	to->call_arg = arg;
	atomic_store_explicit(&to->call_state, CALL_POSTED, memory_order_release);
	for (unsigned int us = 0; us < CALL_TIMEOUT_MS * 1000; us += 20) {
		if (atomic_load_explicit(&to->call_state, memory_order_acquire) == CALL_DONE)
			return 0;
		usleep(20);
	}
	// Once it runs, its memory is in use: then it is waited for, however long it takes.
	if (atomic_compare_exchange_strong(&to->call_state, &posted, CALL_FREE))
		return -ETIMEDOUT;
	while (atomic_load_explicit(&to->call_state, memory_order_acquire) != CALL_DONE)
		usleep(20);
	return 0;
}

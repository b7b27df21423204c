// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Start and stop of the data plane.
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dataplane/core/state.h"
#include "dataplane/devices/offload.h"
#include "dataplane/manage/defer.h"
#include "dataplane/manage/port.h"
#include "dataplane/manage/rings.h"
#include "dataplane/shaping/settings.h"

#include "loop.h"
#include "publish.h"
#include "worker_new.h"

#define POOL_CACHE 256

static int
make_workers(struct weft_error *err)
{
	unsigned int lcore;
	uint16_t n = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (n == weft_engine.n_workers)
			break;
		weft_engine.workers[n] = weft_worker_new(n, lcore);
		if (weft_engine.workers[n] == NULL)
			return weft_fail(
				err, ENOMEM, "no memory for worker %u: raise \"memory_mb\", or lower \"sessions\"", n);
		weft_engine.sessions[n] = weft_engine.workers[n]->w.firewall.sessions;
		n++;
	}
	if (n < weft_engine.n_workers)
		return weft_fail(err, EINVAL,
			"the configuration asks for %u workers, and DPDK has %u lcores; list fewer CPUs in \"workers\"",
			weft_engine.n_workers, n);
	return 0;
}

static int
start_workers(struct weft_error *err)
{
	int ret = make_workers(err);

	for (uint16_t i = 0; ret == 0 && i < weft_engine.n_workers; i++) {
		struct weft_engine_worker *worker = weft_engine.workers[i];

		worker->w.firewall.sessions->peers = weft_engine.sessions;
		worker->w.firewall.sessions->n_peers = weft_engine.n_workers;
		rte_rcu_qsbr_thread_register(weft_engine.qsbr, i);
		if (rte_eal_remote_launch(weft_loop_run, worker, worker->lcore))
			ret = weft_fail(err, EBUSY, "lcore %u is busy", worker->lcore);
	}
	return ret;
}

static int
take_memory(struct weft_error *err)
{
	struct weft_snapshot *empty;
	size_t size = rte_rcu_qsbr_get_memsize(weft_engine.n_workers);

	weft_engine.pool = rte_pktmbuf_pool_create(
		"weft", weft_engine.config.n_mbufs, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (weft_engine.pool == NULL)
		return weft_fail(err, ENOMEM, "no memory for %u packet buffers: raise \"memory_mb\" or lower \"mbufs\"",
			weft_engine.config.n_mbufs);
	weft_engine.qsbr = rte_zmalloc("qsbr", size, RTE_CACHE_LINE_SIZE);
	empty = rte_zmalloc("snapshot", sizeof(*empty), RTE_CACHE_LINE_SIZE);
	if (weft_engine.qsbr == NULL || empty == NULL || rte_rcu_qsbr_init(weft_engine.qsbr, weft_engine.n_workers) ||
		weft_mactab_init(&empty->static_macs, 1, rte_rand()))
		return weft_fail(err, ENOMEM, "no memory for the first snapshot: raise \"memory_mb\"");
	empty->version = 1;
	weft_snapshot_blank(empty);
	atomic_store(&weft_engine.snapshot, empty);
	atomic_store(&weft_engine.fence_at, UINT64_MAX);
	return weft_rings_create(err);
}

int
weft_engine_start(const struct weft_engine_config *config, struct weft_error *err)
{
	int ret;

	weft_engine.config = *config;
	weft_engine.n_workers = config->n_workers;
	weft_engine.hz = rte_get_tsc_hz();
	weft_engine.start_tsc = rte_rdtsc();
	for (unsigned int i = 0; i < WEFT_MAX_PORTS; i++) {
		weft_engine.ports[i].slot = i;
		weft_engine.ports[i].n_workers = config->n_workers;
		weft_engine.ports[i].quiesce = weft_defer_quiesce;
		atomic_store(&weft_engine.ports[i].token, 0);
	}
	ret = weft_shaping_init(err);
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
	atomic_store(&weft_engine.stop, true);
	for (uint16_t i = 0; i < weft_engine.n_workers; i++)
		if (weft_engine.workers[i])
			rte_eal_wait_lcore(weft_engine.workers[i]->lcore);
	weft_offload_stop();
	weft_port_close_all();
	weft_publish_stop();
	weft_rings_free();
	for (uint16_t i = 0; i < weft_engine.n_workers; i++) {
		weft_worker_free(weft_engine.workers[i]);
		weft_engine.workers[i] = NULL;
	}
	rte_free(weft_engine.qsbr);
	weft_engine.qsbr = NULL;
	rte_mempool_free(weft_engine.pool);
	weft_engine.pool = NULL;
}

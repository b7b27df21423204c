// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The chain up to the firewall on any frames between two ports whose rules allow everything: connections come and go,
// and the table's books must balance after each. The input is frames, each behind two bytes: the port, and the length.
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_malloc.h>

#include "weft/fdb.h"

#include "pipeline/tables/sessions.h"
#include "pipeline/send/drop.h"
#include "pipeline/firewall/sweep.h"
#include "weft/stage.h"
#include "tests/harness/eal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STAGES 6 // up to the firewall
#define SIZE   64

static struct weft_worker *worker;
static struct weft_vec vec;
static struct weft_snapshot snap;
static struct weft_port_page ports;
static struct weft_domain_page domains;
static struct rte_mempool *pool;
static struct rte_mbuf_ext_shared_info shared;

static void
flush(struct weft_worker *w, uint16_t port)
{
	w->outbox.port[port].n = 0;
}

static void
keep(void *addr, void *arg)
{
	(void)addr, (void)arg;
}

static void
set_up(void)
{
	static const struct weft_rule_conf allow = { .name = "default" };
	static const struct weft_policy policy = { .out = { .rule = &allow }, .in = { .rule = &allow } };

	if (EAL_START("--no-huge", "-m64", "--lcores=0", "--log-level=*:error") < 0)
		abort();
	pool = rte_pktmbuf_pool_create("fuzz", 255, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	worker = rte_zmalloc(NULL, sizeof(*worker), RTE_CACHE_LINE_SIZE);
	worker->counters.port =
		rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(worker->counters.port[0]), RTE_CACHE_LINE_SIZE);
	worker->flood = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(worker->flood[0]), RTE_CACHE_LINE_SIZE);
	worker->outbox.port = rte_zmalloc(NULL, 4 * sizeof(worker->outbox.port[0]), RTE_CACHE_LINE_SIZE);
	worker->fdb = weft_fdb_new(64, 300, 1);
	worker->firewall.sessions = weft_sessions_new(SIZE, 16);
	worker->outbox.flush_port = flush;
	worker->pool = pool;
	worker->snap = &snap;
	shared.free_cb = keep;
	snap.version = 1;
	weft_snapshot_blank(&snap);
	snap.port_page[0] = &ports;
	snap.domain_page[0] = &domains;
	if (weft_mactab_init(&snap.static_macs, 16, 1))
		abort();
	domains.domain[1] = (struct weft_domain){ .network = 1, .firewall = true, .name = "fuzz" };
	for (uint16_t i = 1; i <= 2; i++) {
		uint64_t key = weft_mac_key(1, UINT64_C(0x020000000000) + i);

		ports.port[i] = (struct weft_port_conf){ .gen = 1,
			.native = 1,
			.tpid = 0x8100,
			.mtu = 1500,
			.up = true,
			.policy = &policy,
			.name = "fuzz" };
		*weft_mactab_free_way(&snap.static_macs, key) =
			(struct weft_mac_entry){ .key = key, .port = i, .gen = 1 };
	}
}

// Everything that is counted is there, and nothing else.
static void
check(const struct weft_sessions *t)
{
	uint32_t n = 0, half = 0, in_buckets = 0;

	for (uint32_t i = 1; i <= t->high; i++) {
		const struct weft_session *s = &t->rec[i];

		n += s->state != WEFT_SESSION_FREE;
		half += weft_session_is_half(s->state);
	}
	for (uint32_t b = 0; b <= t->mask; b++)
		for (unsigned int i = 0; i < WEFT_SESSION_WAYS; i++)
			in_buckets += t->bucket[b].index[i] != 0;
	if (n != t->n || n != in_buckets || n != t->port[1].n + t->port[2].n ||
		half != t->port[1].n_half + t->port[2].n_half || t->n_free + t->n != t->high)
		abort();
}

static void
run(uint8_t *frame, uint16_t len, uint16_t port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	weft_lanes mask = 1;

	rte_pktmbuf_attach_extbuf(m, frame, 0, len, &shared);
	m->data_len = len;
	m->pkt_len = len;
	m->port = vec.lanes[0].in = port;
	vec.n = 1;
	vec.pkts[0] = m;
	vec.now = rte_rdtsc();
	for (unsigned int i = 0; i < STAGES; i++)
		mask = weft_chain[i].run(worker, &vec, mask);
	if (mask)
		weft_drop_mbuf(worker, m, WEFT_DROP_FWD_RESERVED);
	weft_free_dead(worker);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (worker == NULL)
		set_up();
	while (size > 2) {
		uint16_t port = 1 + data[0] % 2, len = RTE_MIN((size_t)data[1], size - 2);
		uint8_t *frame = malloc(len ? len : 1);

		memcpy(frame, data + 2, len);
		// Mostly between the two, so that there is something to judge.
		if (len > 12 && data[0] < 250) {
			memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)(3 - port) }, 6);
			memcpy(frame + 6, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)port }, 6);
		}
		worker->clock += data[0] / 64;
		run(frame, len, port);
		free(frame);
		data += 2 + len;
		size -= 2 + len;
		check(worker->firewall.sessions);
	}
	weft_sessions_sweep(worker, 4 * SIZE);
	check(worker->firewall.sessions);
	return 0;
}

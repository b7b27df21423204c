// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The test worker.
#include "fixture.h"

#include <string.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include "pipeline/send/drop.h"
#include "tests/harness/eal.h"

static struct rte_mempool *pool;
static struct fixture *current;

void
fixture_eal(void)
{

	if (pool)
		return;
	assert_true(EAL_START("--no-huge", "-m128", "--lcores=0,1@0,2@0", "--log-level=*:error") == 0);
	pool = rte_pktmbuf_pool_create("fixture", 4095, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	assert_non_null(pool);
}

int
fixture_start(void **state)
{
	(void)state;
	fixture_eal();
	return 0;
}

static void
flush_port(struct weft_worker *worker, uint16_t port)
{
	struct weft_txbuf *buf = &worker->outbox.port[port];

	for (uint16_t i = 0; i < buf->n; i++) {
		struct sent *sent = &current->sent[current->n_sent++];

		assert_true(current->n_sent <= FIXTURE_SENT);
		sent->port = port;
		sent->len = buf->pkts[i]->pkt_len;
		memcpy(sent->data, rte_pktmbuf_mtod(buf->pkts[i], void *), RTE_MIN(sent->len, sizeof(sent->data)));
		worker->counters.port[buf->pkts[i]->port].sent++;
		rte_pktmbuf_free(buf->pkts[i]);
	}
	buf->n = 0;
}

static void
flush_worker(struct weft_worker *worker, uint16_t peer)
{
	struct weft_txbuf *buf = &worker->outbox.worker[peer];

	for (uint16_t i = 0; i < buf->n; i++) {
		worker->counters.port[buf->pkts[i]->port].passed++;
		rte_pktmbuf_free(buf->pkts[i]);
	}
	buf->n = 0;
}

static void
tell(struct weft_worker *worker __rte_unused, const struct weft_fdb_message *message)
{
	current->n_told++;
	current->told = *message;
}

int
fixture_setup(void **state)
{
	static const uint16_t members[] = { 1, 2, 3, 4 };
	struct fixture *f;
	struct weft_worker *w;

	fixture_eal();
	f = rte_zmalloc(NULL, sizeof(*f), RTE_CACHE_LINE_SIZE);
	w = rte_zmalloc(NULL, sizeof(*w), RTE_CACHE_LINE_SIZE);
	assert_non_null(f);
	assert_non_null(w);
	f->w = w;
	w->pool = pool;
	w->counters.port = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->counters.port[0]), RTE_CACHE_LINE_SIZE);
	w->flood = rte_zmalloc(NULL, WEFT_MAX_PORTS * sizeof(w->flood[0]), RTE_CACHE_LINE_SIZE);
	w->outbox.port = rte_zmalloc(NULL, FIXTURE_PORTS * sizeof(w->outbox.port[0]), RTE_CACHE_LINE_SIZE);
	w->outbox.worker = rte_zmalloc(NULL, WEFT_MAX_WORKERS * sizeof(w->outbox.worker[0]), RTE_CACHE_LINE_SIZE);
	w->overlay.neighbour = rte_zmalloc(NULL, FIXTURE_PORTS * sizeof(w->overlay.neighbour[0]), RTE_CACHE_LINE_SIZE);
	w->overlay.bfd = rte_zmalloc(NULL, FIXTURE_PORTS * sizeof(w->overlay.bfd[0]), RTE_CACHE_LINE_SIZE);
	w->overlay.mac = rte_zmalloc(NULL, FIXTURE_PORTS * sizeof(w->overlay.mac[0]), RTE_CACHE_LINE_SIZE);
	w->fdb = weft_fdb_new(1024, 300, 7);
	assert_non_null(w->fdb);
	w->fdb->tell = tell;
	w->groups = weft_groups_new(256, 125, 3);
	assert_non_null(w->groups);
	w->firewall.sessions = weft_sessions_new(FIXTURE_SESSIONS, 64);
	assert_non_null(w->firewall.sessions);
	w->outbox.flush_port = flush_port;
	w->outbox.flush_worker = flush_worker;
	w->snap = &f->snap;
	f->snap = (struct weft_snapshot){ .version = 1 };
	weft_snapshot_blank(&f->snap);
	f->snap.port_page[0] = &f->port_page;
	f->snap.domain_page[0] = &f->domain_page;
	assert_int_equal(weft_mactab_init(&f->snap.static_macs, 64, 9), 0);
	for (uint16_t i = 1; i <= 4; i++)
		f->ports[i] = (struct weft_port_conf){ .gen = 1,
			.native = 1,
			.tpid = 0x8100,
			.mtu = 1500,
			.up = true,
			.max_macs = 64,
			.name = "test/port" };
	f->domains[1] = (struct weft_domain){ .learning = true, .n_ports = 4, .ports = members, .name = "test/net" };
	current = f;
	*state = f;
	return 0;
}

int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	fixture_reset(f);
	weft_free_dead(f->w);
	assert_int_equal(rte_mempool_avail_count(pool), 4095);
	weft_fdb_free(f->w->fdb);
	weft_sessions_free(f->w->firewall.sessions);
	weft_groups_free(f->w->groups);
	weft_mactab_fini(&f->snap.static_macs);
	rte_free(f->w->counters.port);
	rte_free(f->w->flood);
	rte_free(f->w->outbox.port);
	rte_free(f->w->outbox.worker);
	rte_free(f->w->overlay.neighbour);
	rte_free(f->w->overlay.bfd);
	rte_free((void *)(uintptr_t)f->w->overlay.mac);
	rte_free(f->w);
	rte_free(f);
	return 0;
}

void
fixture_add(struct fixture *f, uint16_t port, const void *frame, unsigned int len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	assert_true(f->vec.n < WEFT_VEC_SIZE);
	memcpy(rte_pktmbuf_append(m, len), frame, len);
	m->port = port;
	f->vec.lanes[f->vec.n].in = port;
	f->vec.pkts[f->vec.n++] = m;
	f->w->counters.port[port].rx++;
}

unsigned int
fixture_hex(const char *hex, uint8_t *out, unsigned int size)
{
	unsigned int n = 0, byte;

	for (; *hex; hex += 2) {
		while (isspace((unsigned char)*hex))
			hex++;
		if (*hex == 0)
			break;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		assert_true(n < size);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

void
fixture_add_hex(struct fixture *f, uint16_t port, const char *hex)
{
	uint8_t frame[2048];

	fixture_add(f, port, frame, fixture_hex(hex, frame, sizeof(frame)));
}

void
fixture_add_eth(struct fixture *f, uint16_t port, uint64_t dst, uint64_t src)
{
	uint8_t frame[60] = { 0 };

	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = (uint8_t)(dst >> (40 - 8 * i));
		frame[6 + i] = (uint8_t)(src >> (40 - 8 * i));
	}
	frame[12] = 0x88;
	frame[13] = 0xb5;
	fixture_add(f, port, frame, sizeof(frame));
}

weft_lanes
fixture_run(struct fixture *f, const char *last)
{
	weft_lanes mask = weft_lanes_all(f->vec.n);

	f->vec.now = rte_rdtsc();
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++) {
		mask = weft_chain[i].run(f->w, &f->vec, mask);
		if (strcmp(weft_chain[i].name, last) == 0)
			break;
	}
	return mask;
}

void
fixture_forward(struct fixture *f)
{
	struct weft_worker *w = f->w;

	f->vec.now = rte_rdtsc();
	weft_chain_run(w, &f->vec, false);
	for (uint16_t i = 0; i < w->outbox.n_dirty; i++) {
		uint32_t who = w->outbox.dirty[i];

		if (who < WEFT_MAX_PORTS)
			flush_port(w, who);
		else
			flush_worker(w, who - WEFT_MAX_PORTS);
		(who < WEFT_MAX_PORTS ? &w->outbox.port[who] : &w->outbox.worker[who - WEFT_MAX_PORTS])->dirty = false;
	}
	w->outbox.n_dirty = 0;
	weft_free_dead(w);
	f->vec.n = 0;
	for (uint16_t port = 0; port < FIXTURE_PORTS; port++) {
		const struct weft_port_stats *s = &w->counters.port[port];

		assert_int_equal(s->rx + s->created, s->sent + s->taken + s->passed + fixture_drops(f, port));
	}
}

void
fixture_reset(struct fixture *f)
{
	for (unsigned int i = 0; i < f->vec.n; i++) {
		bool dropped = false;

		for (unsigned int d = 0; d < f->w->dropped.n; d++)
			dropped = dropped || f->w->dropped.pkts[d] == f->vec.pkts[i];
		if (!dropped)
			rte_pktmbuf_free(f->vec.pkts[i]);
	}
	weft_free_dead(f->w);
	f->vec.n = 0;
}

uint64_t
fixture_drops(const struct fixture *f, uint16_t port)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < WEFT_N_DROPS; i++)
		sum += f->w->counters.port[port].drop[i];
	return sum;
}

void
fixture_static_mac(struct fixture *f, uint16_t domain, uint64_t mac, uint16_t port)
{
	uint64_t key = weft_mac_key(domain, mac);
	struct weft_mac_entry *entry = weft_mactab_free_way(&f->snap.static_macs, key);

	assert_non_null(entry);
	*entry = (struct weft_mac_entry){ .key = key, .port = port, .gen = f->ports[port].gen };
}

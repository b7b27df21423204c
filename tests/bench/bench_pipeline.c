// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The chain in one thread on packets in memory: cycles per packet, by stage, for numbers of MACs and ports.
// Prints JSON. Each figure is taken over many short rounds of one vector; the median and the minimum stand.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_malloc.h>

#include "weft/fdb.h"

#include "pipeline/base/bytes.h"
#include "chain.h"
#include "cycles.h"
#include "tests/harness/eal.h"
#include "tests/harness/random.h"

#define BATCH	 32
#define ROUNDS	 4000
#define N_STEPS	 (WEFT_N_STAGES + 1) // and the whole chain, without time stamps inside
#define MAC_BASE UINT64_C(0x020000000000)

struct bench {
	struct weft_worker *w;
	struct weft_vec vec;
	struct rte_mbuf *pkts[BATCH];
	struct weft_snapshot snap;
	struct weft_domain_page domains;
	uint32_t n_macs, n_ports;
	bool one_flow;
	uint64_t random;
	uint32_t cycles[N_STEPS][ROUNDS];
};

#define N_NAMED 10000 // addresses that ports of the network name

// Every port has GUARD; it names 10.0.0.1, from which all packets come, if NAMED.
static void
set_guard(struct bench *b, uint8_t guard, bool named)
{
	static const struct weft_prefix4 own = { RTE_BE32(0x0a000001), UINT32_MAX };

	for (unsigned int i = 1; i < WEFT_MAX_PORTS; i++) {
		struct weft_port_conf *port = &b->snap.port_page[i / WEFT_PAGE]->port[i % WEFT_PAGE];

		port->guard = guard;
		port->lacks = guard ? WEFT_ROLES : 0;
		port->ip4 = &own;
		port->n_ip4 = named;
	}
}

// Other ports of the network name 10.1.0.0 and what follows.
static bool
name_addresses(struct bench *b)
{
	static const struct weft_identity other = { .port = 1 };
	struct weft_addrmap *map = &b->snap.addrs;

	*map = (struct weft_addrmap){ .mask = 32767, .seed = RANDOM_SEED, .lengths4 = UINT64_C(1) << 32 };
	map->entry = rte_zmalloc(NULL, (map->mask + 1) * sizeof(map->entry[0]), RTE_CACHE_LINE_SIZE);
	for (uint32_t i = 0; map->entry && i < N_NAMED; i++) {
		struct weft_addr_key key = {
			.network = 1, .length = 32, .addr = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i }
		};
		uint32_t at = weft_addrmap_slot(map, &key);

		while (map->entry[at].key.network)
			at = (at + 1) & map->mask;
		map->entry[at] = (struct weft_addr_entry){ key, &other };
	}
	return map->entry;
}

// The MAC's place: spread over the ports.
static uint16_t
port_of(const struct bench *b, uint32_t mac)
{
	return 1 + mac % b->n_ports;
}

// Fresh frames, as a burst that was just copied in: the lines are in the cache.
static void
fill(void *arg)
{
	struct bench *b = arg;

	b->vec.n = BATCH;
	for (unsigned int i = 0; i < BATCH; i++) {
		uint32_t src = b->one_flow ? 0 : random_next(&b->random) % b->n_macs;
		uint32_t dst = b->one_flow ? 1 : random_next(&b->random) % b->n_macs;
		uint8_t *p = rte_pktmbuf_mtod(b->pkts[i], uint8_t *);

		// Another port's address, or there is nothing to do.
		while (port_of(b, dst) == port_of(b, src))
			dst = (dst + 1) % b->n_macs;
		write_mac(p, MAC_BASE + dst);
		write_mac(p + 6, MAC_BASE + src);
		b->vec.pkts[i] = b->pkts[i];
		b->vec.lanes[i].in = b->pkts[i]->port = port_of(b, src);
	}
}

static json_t *
measure(struct bench *b, const char *what, uint32_t n)
{
	uint32_t overhead = bench_stamp_cost();
	json_t *stages = json_object();
	char name[32];

	bench_rounds_by_stage(b->w, &b->vec, fill, b, b->cycles[0], ROUNDS);
	bench_rounds_whole(b->w, &b->vec, fill, b, b->cycles[WEFT_N_STAGES], ROUNDS);
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++)
		json_object_set_new(stages, weft_chain[i].name, bench_figures(b->cycles[i], ROUNDS, overhead, BATCH));
	snprintf(name, sizeof(name), "%s-%u", what, n);
	return json_pack("{s:s, s:i, s:i, s:o, s:o}", "name", name, "macs", b->n_macs, "ports", b->n_ports, "weft",
		bench_figures(b->cycles[WEFT_N_STAGES], ROUNDS, overhead, BATCH), "stages", stages);
}

static json_t *
run_case(struct bench *b, const char *what, uint32_t n, uint32_t n_macs, uint32_t n_ports)
{
	struct weft_worker *w = b->w;
	json_t *result;

	b->n_macs = n_macs;
	b->n_ports = n_ports;
	b->one_flow = n == 1;
	b->random = RANDOM_SEED;
	w->fdb = weft_fdb_new(n_macs + 16, 300, 1);
	if (w->fdb == NULL)
		return NULL;
	for (uint32_t i = 0; i < n_macs; i++)
		weft_fdb_learn(w, weft_mac_key(1, MAC_BASE + i), port_of(b, i), 1);
	result = measure(b, what, n);
	weft_fdb_free(w->fdb);
	return result;
}

static struct bench *
new_bench(void)
{
	struct weft_port_page *pages;
	static const uint8_t payload[] = { 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0,
		2, 0, 1, 0, 2, 0, 26, 0, 0 };
	struct bench *b = rte_zmalloc(NULL, sizeof(*b), RTE_CACHE_LINE_SIZE);
	struct weft_worker *w = b ? bench_new_worker(WEFT_MAX_PORTS, b->pkts, BATCH) : NULL;

	if (w == NULL)
		return NULL;
	for (unsigned int i = 0; i < BATCH; i++) {
		uint8_t *p = (uint8_t *)rte_pktmbuf_append(b->pkts[i], 60);

		memset(p, 0, 60);
		memcpy(p + 12, payload, sizeof(payload));
	}
	b->w = w;
	w->snap = &b->snap;
	b->snap = (struct weft_snapshot){ .version = 1 };
	weft_snapshot_blank(&b->snap);
	pages = rte_zmalloc(NULL, WEFT_PORT_PAGES * sizeof(*pages), RTE_CACHE_LINE_SIZE);
	b->domains.domain[1].learning = true;
	b->domains.domain[1].network = 1;
	b->snap.domain_page[0] = &b->domains;
	if (!pages || weft_mactab_init(&b->snap.static_macs, 1, 1) || !name_addresses(b))
		return NULL;
	for (unsigned int i = 0; i < WEFT_PORT_PAGES; i++)
		b->snap.port_page[i] = &pages[i];
	for (unsigned int i = 1; i < WEFT_MAX_PORTS; i++)
		pages[i / WEFT_PAGE].port[i % WEFT_PAGE] = (struct weft_port_conf){
			.gen = 1, .native = 1, .tpid = 0x8100, .mtu = 1500, .up = true, .max_macs = UINT32_MAX
		};
	return b;
}

int
main(void)
{
	static const uint32_t macs[] = { 1, 100, 1000, 10000, 100000, 1000000 }, ports[] = { 1, 10, 100, 1000 };
	json_t *cases = json_array(), *report;
	struct bench *b;

	if (EAL_START("--no-huge", "-m256", "--lcores=0@1", "--log-level=*:error") < 0 || (b = new_bench()) == NULL) {
		fprintf(stderr, "bench_pipeline: no memory\n");
		return 1;
	}
	for (unsigned int i = 0; i < RTE_DIM(macs); i++)
		json_array_append_new(cases, run_case(b, "flows", macs[i], RTE_MAX(macs[i], 2u), 2));
	for (unsigned int i = 0; i < RTE_DIM(ports); i++)
		json_array_append_new(
			cases, run_case(b, "ports", ports[i], RTE_MAX(ports[i], 2u), RTE_MAX(ports[i], 2u)));
	set_guard(b, WEFT_GUARD_IP | WEFT_GUARD_ROLES, true);
	json_array_append_new(cases, run_case(b, "named", 1, 2, 2));
	set_guard(b, WEFT_GUARD_OWNERS | WEFT_GUARD_ROLES, false);
	json_array_append_new(cases, run_case(b, "unnamed", 1, 2, 2));
	report = json_pack("{s:s, s:i, s:o}", "bench", "pipeline", "batch", BATCH, "cases", cases);
	bench_print(report);
	return 0;
}

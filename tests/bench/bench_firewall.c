// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The firewall in one thread on packets in memory: cycles per packet of connections there are, by their number and by
// stage, with and without it; new connections per second; the classifier by number of rules. Prints JSON. Usage:
// bench_firewall [--huge]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_malloc.h>

#include "weft/fdb.h"
#include "weft/session.h"

#include "control/change/bundle.h"
#include "control/compile/compile.h"
#include "control/compile/ruleset.h"
#include "chain.h"
#include "cycles.h"
#include "tests/harness/eal.h"
#include "tests/harness/put.h"
#include "tests/harness/random.h"

#define BATCH		 32
#define ROUNDS		 6000
#define N_STEPS		 (WEFT_N_STAGES + 1)
#define MAX_CONNS	 1000000
#define DEFAULT_SESSIONS (1 << 18)
#define FIREWALL	 5 // its place in the chain
#define FRAME		 60
#define TCP_AT		 34

struct bench {
	struct weft_worker *w;
	struct weft_vec vec;
	struct rte_mbuf *pkts[BATCH];
	struct weft_placement *placement;
	struct weft_model *model;
	struct weft_snapshot *with, *without; // the firewall
	uint32_t n_conns;
	uint64_t random;
	uint32_t cycles[N_STEPS][ROUNDS];
};

// A segment of connection C into mbuf I: from port 1, or as a REPLY from port 2.
static void
segment(struct bench *b, unsigned int i, uint32_t c, bool reply, uint8_t flags, uint32_t seq, uint32_t ack)
{
	uint8_t *p = rte_pktmbuf_mtod(b->pkts[i], uint8_t *);
	uint32_t client = 0x0a000000 | (c >> 8 & 0xffff), server = 0x0a800001;
	uint32_t sport = 1024 + (c & 0xff) * 64 + (c >> 24 & 63), dport = 80;

	p[5] = reply ? 1 : 2;
	p[11] = reply ? 2 : 1;
	put32(p + 26, reply ? server : client);
	put32(p + 30, reply ? client : server);
	put16(p + TCP_AT, reply ? dport : sport);
	put16(p + TCP_AT + 2, reply ? sport : dport);
	put32(p + TCP_AT + 4, seq);
	put32(p + TCP_AT + 8, ack);
	p[TCP_AT + 13] = flags;
	b->vec.pkts[i] = b->pkts[i];
	b->vec.lanes[i].in = b->pkts[i]->port = reply ? 2 : 1;
}

// Sequence numbers of connection C, in which nothing is under way.
#define CLIENT_SEQ(c) ((c)*2654435761u)
#define SERVER_SEQ(c) ((c)*2246822519u)

static void
open_connections(struct bench *b, uint32_t from, uint32_t to)
{
	for (uint32_t c = from; c < to; c += BATCH) {
		unsigned int n = RTE_MIN((uint32_t)BATCH, to - c);

		for (unsigned int step = 0; step < 3; step++) {
			for (unsigned int i = 0; i < n; i++) {
				static const uint8_t flags[] = { 0x02, 0x12, 0x10 };
				uint32_t s = CLIENT_SEQ(c + i), r = SERVER_SEQ(c + i);

				segment(b, i, c + i, step == 1, flags[step], step == 1 ? r - 1 : s - (step == 0),
					step == 1   ? s
					: step == 2 ? r
						    : 0);
			}
			b->vec.n = n;
			b->vec.now = rte_rdtsc();
			weft_chain_run(b->w, &b->vec, false);
			bench_clear(b->w);
		}
	}
}

// A burst of acknowledgments of connections at random, as it was just copied in: of one direction, as a port gives it.
static void
fill(void *arg)
{
	struct bench *b = arg;
	bool reply = random_next(&b->random) & 1;

	for (unsigned int i = 0; i < BATCH; i++) {
		uint32_t c = random_next(&b->random) % b->n_conns;

		segment(b, i, c, reply, 0x10, reply ? SERVER_SEQ(c) : CLIENT_SEQ(c),
			reply ? CLIENT_SEQ(c) : SERVER_SEQ(c));
	}
	b->vec.n = BATCH;
}

static json_t *
measure_established(struct bench *b, uint32_t n)
{
	uint32_t overhead = bench_stamp_cost();
	json_t *stages = json_object(), *on, *off;
	char name[32];
	uint64_t dropped = 0;

	b->n_conns = n;
	bench_rounds_by_stage(b->w, &b->vec, fill, b, b->cycles[0], ROUNDS);
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++)
		json_object_set_new(stages, weft_chain[i].name, bench_figures(b->cycles[i], ROUNDS, overhead, BATCH));
	bench_rounds_whole(b->w, &b->vec, fill, b, b->cycles[WEFT_N_STAGES], ROUNDS);
	on = bench_figures(b->cycles[WEFT_N_STAGES], ROUNDS, overhead, BATCH);
	b->w->snap = b->without;
	bench_rounds_whole(b->w, &b->vec, fill, b, b->cycles[WEFT_N_STAGES], ROUNDS);
	b->w->snap = b->with;
	off = bench_figures(b->cycles[WEFT_N_STAGES], ROUNDS, overhead, BATCH);
	for (unsigned int i = 0; i < WEFT_N_DROPS; i++)
		dropped += b->w->counters.port[1].drop[i] + b->w->counters.port[2].drop[i];
	snprintf(name, sizeof(name), "in-process-%u", n);
	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:I, s:I}", "name", name, "connections", n, "weft", on, "weft_off",
		off, "stages", stages, "tracked", (json_int_t)b->w->firewall.sessions->n, "dropped",
		(json_int_t)dropped);
}

// Whole connections of six packets, BATCH of them side by side, in a table that is full of closed ones.
static json_t *
measure_cps(struct bench *b)
{
	static const struct {
		uint8_t flags;
		bool reply;
		uint32_t client, server;
	} steps[] = { { 0x02, false, 0, 0 }, { 0x12, true, 1, 0 }, { 0x10, false, 1, 1 }, { 0x11, false, 1, 1 },
		{ 0x11, true, 2, 1 }, { 0x10, false, 2, 2 } };
	uint32_t overhead = bench_stamp_cost(), next = 1 << 25;
	uint64_t opened = b->w->firewall.sessions->opened;

	for (unsigned int r = 0; r < ROUNDS; r++) {
		uint64_t took = 0;

		for (unsigned int k = 0; k < RTE_DIM(steps); k++) {
			for (unsigned int i = 0; i < BATCH; i++) {
				uint32_t c = next + i, s = CLIENT_SEQ(c) + steps[k].client,
					 a = SERVER_SEQ(c) + steps[k].server;

				segment(b, i, c, steps[k].reply, steps[k].flags, steps[k].reply ? a : s,
					k == 0		 ? 0
					: steps[k].reply ? s
							 : a);
			}
			b->vec.n = BATCH;
			took += bench_time_chain(b->w, &b->vec) - overhead;
			bench_clear(b->w);
		}
		b->cycles[0][r] = (uint32_t)took;
		next += BATCH;
	}
	opened = b->w->firewall.sessions->opened - opened;
	qsort(b->cycles[0], ROUNDS, sizeof(b->cycles[0][0]), bench_compare);
	return json_pack("{s:s, s:f, s:f, s:I, s:I}", "name", "in-process-cps", "per_second",
		(double)rte_get_tsc_hz() * BATCH / b->cycles[0][ROUNDS / 2], "cycles_per_connection",
		(double)b->cycles[0][ROUNDS / 2] / BATCH, "opened", (json_int_t)opened, "evicted",
		(json_int_t)b->w->firewall.sessions->evicted);
}

// N rules of all kinds in one group: prefixes, port ranges, other groups.
static json_t *
rules(struct bench *b, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++) {
		json_t *rule = json_pack(
			"{s:s, s:s, s:i}", "direction", "in", "action", i % 5 ? "allow" : "deny", "priority", i % 1000);
		uint32_t low = 1024 + random_next(&b->random) % 50000;

		if (i % 3) {
			json_object_set_new(rule, "protocol", json_string(i % 2 ? "tcp" : "udp"));
			json_object_set_new(rule, "ports",
				json_pack("[o]", json_sprintf("%u-%u", low, low + random_next(&b->random) % 500)));
		}
		if (i % 4 == 3)
			json_object_set_new(rule, "remote", json_pack("{s:s}", "group", "web"));
		else
			json_object_set_new(rule, "remote",
				json_pack("{s:o}", "cidr",
					json_sprintf("%u.%u.%u.0/24", 11 + random_next(&b->random) % 100,
						random_next(&b->random) % 256, random_next(&b->random) % 256)));
		json_array_append_new(list, rule);
	}
	return list;
}

static json_t *
measure_classify(struct bench *b, uint32_t n)
{
	json_t *json = json_pack("{s:o}", "rules", rules(b, n));
	struct weft_error err = { "" };
	struct weft_object *object = weft_object_new("tenants/t/groups/bench", json, &err);
	const struct weft_group *group = weft_rules_of(object);
	struct weft_ordered_rule *ruled = calloc(n, sizeof(*ruled));
	struct weft_ruleset ruleset;
	void *memory;
	uint32_t overhead = bench_stamp_cost(), found = 0;
	uint64_t start = rte_rdtsc(), compiled;
	char name[32];

	if (object == NULL) {
		fprintf(stderr, "bench_firewall: %s\n", err.text);
		exit(1);
	}
	for (uint32_t i = 0; i < n; i++)
		ruled[i] = (struct weft_ordered_rule){
			.rule = (const struct weft_rule *)group->rules.items + i, .owner = object, .index = i
		};
	weft_rule_order_sort(ruled, n);
	weft_ruleset_compile(b->model, ruled, n, WEFT_DENY, "default", &ruleset, &memory);
	compiled = rte_rdtsc() - start;
	for (unsigned int r = 0; r < ROUNDS; r++) {
		const struct weft_rule *like =
			&((const struct weft_rule *)group->rules.items)[random_next(&b->random) % n];
		uint8_t remote[4] = { 11 + random_next(&b->random) % 100, random_next(&b->random) % 256,
			random_next(&b->random) % 256, 7 };
		struct weft_query query = { .remote = remote, .protocol = random_next(&b->random) & 1 ? 6 : 17 };

		query.service = like->ports.n ? like->ports.range[0].low : (uint16_t)random_next(&b->random);
		start = rte_rdtsc_precise();
		found += weft_ruleset_match(&ruleset, &query) < n;
		b->cycles[0][r] = (uint32_t)(rte_rdtsc_precise() - start);
	}
	snprintf(name, sizeof(name), "classify-%u", n);
	json = json_pack("{s:s, s:f, s:o, s:f}", "name", name, "compile_ms", compiled * 1e3 / rte_get_tsc_hz(), "weft",
		bench_figures(b->cycles[0], ROUNDS, overhead, 1), "matched", (double)found / ROUNDS);
	free(ruled);
	return json;
}

static void
build_port(struct bench *b, struct weft_build *build, const char *path)
{
	struct weft_error err = { "" };

	if (weft_build_port(build, b->model, weft_model_port(b->model, path), &err)) {
		fprintf(stderr, "bench_firewall: %s\n", err.text);
		exit(1);
	}
}

// Two ports whose groups have a hundred rules each way; what the traffic needs is the last of them.
static struct weft_snapshot *
snapshot(struct bench *b, const struct weft_snapshot *base, bool firewall, uint64_t version)
{
	json_t *list = json_array(), *bundle, *changes;
	struct weft_error err = { "" };
	struct weft_changeset set;
	struct weft_build *build;

	for (unsigned int i = 0; i < 200; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:[i], s:i}", "direction", i % 2 ? "in" : "out",
						    "action", i < 198 ? "deny" : "allow", "protocol", "tcp", "ports",
						    i < 198 ? 1000 + (int)i : 80, "priority", (int)i));
	bundle = json_pack(
		"{s:{s:{s:{s:{s:b, s:b}}, s:{s:{s:o}}, s:{s:I, s:I}, s:{s:{s:s, s:s, s:[s]}, s:{s:s, s:s, s:[s]}}}}}",
		"tenants", "t", "networks", "n", "firewall", firewall, "learning", 1, "groups", "web", "rules", list,
		"limits", "sessions", (json_int_t)1 << 30, "half_open_sessions", (json_int_t)1 << 30, "ports", "p1",
		"network", "n", "mac", "02:00:00:00:00:01", "groups", "web", "p2", "network", "n", "mac",
		"02:00:00:00:00:02", "groups", "web");
	changes = weft_bundle_changes(bundle, &err);
	if (changes == NULL || weft_model_change(b->model, changes, 1000, &set, &err)) {
		fprintf(stderr, "bench_firewall: %s\n", err.text);
		exit(1);
	}
	weft_changeset_accept(&set);
	build = weft_build_begin(base, b->placement, version, rte_get_tsc_hz());
	build_port(b, build, "t/p1");
	build_port(b, build, "t/p2");
	json_decref(changes);
	json_decref(bundle);
	return weft_build_finish(build, version);
}

static struct bench *
new_bench(void)
{
	static const uint8_t head[] = { 0x08, 0x00, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0 };
	struct bench *b = rte_zmalloc(NULL, sizeof(*b), RTE_CACHE_LINE_SIZE);
	struct weft_worker *w = b ? bench_new_worker(WEFT_MAX_PORTS, b->pkts, BATCH) : NULL;

	if (w == NULL)
		return NULL;
	for (unsigned int i = 0; i < BATCH; i++) {
		uint8_t *p = (uint8_t *)rte_pktmbuf_append(b->pkts[i], FRAME);

		memset(p, 0, FRAME);
		p[0] = p[6] = 2;
		memcpy(p + 12, head, sizeof(head));
		p[TCP_AT + 12] = 0x50;
		put16(p + TCP_AT + 14, 0x7fff);
	}
	b->w = w;
	b->random = RANDOM_SEED;
	w->fdb = weft_fdb_new(64, 300, 1);
	b->placement = calloc(1, sizeof(*b->placement));
	b->model = weft_model_new("/run/weft/vhost");
	if (!w->fdb || !b->placement || !b->model)
		return NULL;
	weft_placement_assign(b->placement, 1, "t/p1");
	weft_placement_assign(b->placement, 2, "t/p2");
	b->placement->place[1].owner = b->placement->place[2].owner = 0;
	b->with = snapshot(b, NULL, true, 2);
	b->without = snapshot(b, b->with, false, 3);
	w->snap = b->with;
	return b;
}

int
main(int argc, char **argv)
{
	static const uint32_t conns[] = { 1, 1000, 10000, 100000, 1000000 }, rules_of[] = { 10, 100, 1000, 4000 };
	bool huge = argc > 1 && strcmp(argv[1], "--huge") == 0;
	json_t *cases = json_array(), *report;
	struct bench *b;
	uint32_t opened = 0;

	if (EAL_START(huge ? "--in-memory" : "--no-huge", "-m512", "--lcores=0@1", "--log-level=*:error") < 0 ||
		(b = new_bench()) == NULL) {
		fprintf(stderr, "bench_firewall: no memory\n");
		return 1;
	}
	for (unsigned int i = 0; i < RTE_DIM(conns); i++) {
		// The table's default size, and for the last one of more.
		if (i + 1 == RTE_DIM(conns) || i == 0) {
			weft_sessions_free(b->w->firewall.sessions);
			b->w->firewall.sessions =
				weft_sessions_new(i ? MAX_CONNS + MAX_CONNS / 20 : DEFAULT_SESSIONS, 64);
			opened = 0;
		}
		if (b->w->firewall.sessions == NULL) {
			fprintf(stderr, "bench_firewall: no memory\n");
			return 1;
		}
		open_connections(b, opened, conns[i]);
		opened = conns[i];
		json_array_append_new(cases, measure_established(b, conns[i]));
	}
	json_array_append_new(cases, measure_cps(b));
	for (unsigned int i = 0; i < RTE_DIM(rules_of); i++)
		json_array_append_new(cases, measure_classify(b, rules_of[i]));
	report = json_pack(
		"{s:s, s:i, s:b, s:o}", "bench", "firewall", "batch", BATCH, "hugepages", huge, "cases", cases);
	bench_print(report);
	return 0;
}

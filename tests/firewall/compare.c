// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Random packets in random order, while rules and members of groups change, through the real compiler, classifier and
// tracker, and through the reference. Every verdict must be the same. Usage: compare PACKETS [SEED].
#include <stdio.h>
#include <stdlib.h>

#include "../unit/fixture.h"
#include "../unit/policy.h"
#include "generate.h"
#include "control/compile/refcount.h"
#include "pipeline/firewall/sweep.h"

#define HZ	UINT64_C(1000000)
#define UPLINK	REF_PORTS
#define SIZE	4000
#define N_FRAGS 65536

static struct weft_placement placement;

struct run {
	struct fixture *f;
	struct weft_model *model;
	struct weft_snapshot *snap;
	struct reference *ref;
	uint64_t version;
	uint64_t packets, passed, differences, changes;
};

static void
build_port(void *arg, const struct weft_port *port)
{
	struct weft_error err = { "" };
	struct run *run = ((void **)arg)[0];
	struct weft_build *build = ((void **)arg)[1];

	if (weft_build_port(build, run->model, port, &err)) {
		printf("%s\n", err.text);
		exit(1);
	}
}

// Makes the bundle TEXT part of the policy, as weftd would.
static void
change(struct run *run, const char *text)
{
	json_t *bundle = json_loads(text, 0, NULL), *changes;
	struct weft_error err = { "" };
	struct weft_changeset set;
	struct weft_build *build;
	struct weft_snapshot *old = run->snap;
	void *arg[2];

	changes = bundle ? weft_bundle_changes(bundle, &err) : NULL;
	if (changes == NULL || weft_model_change(run->model, changes, 1000, &set, &err)) {
		printf("%s: %s\n", text, err.text);
		exit(1);
	}
	build = weft_build_begin(old, &placement, ++run->version, HZ);
	arg[0] = run;
	arg[1] = build;
	policy_each_port(run->model, build_port, arg);
	for (unsigned int i = 0; i < set.n; i++)
		if (set.change[i].new->kind == &weft_kind_port)
			weft_build_member(build, run->model, (const struct weft_port *)set.change[i].old,
				(const struct weft_port *)set.change[i].new, &err);
	run->snap = weft_build_finish(build, run->version);
	run->f->w->snap = run->snap;
	weft_snapshot_free(old);
	weft_changeset_accept(&set);
	json_decref(changes);
	json_decref(bundle);
	run->changes++;
}

static void
set_up(struct run *run, unsigned int seed)
{
	struct fixture *f;
	char path[WEFT_PATH_SIZE], *text;

	memset(&placement, 0, sizeof(placement));
	fixture_setup((void **)&f);
	run->f = f;
	weft_sessions_free(f->w->firewall.sessions);
	f->w->firewall.sessions = weft_sessions_new(SIZE, N_FRAGS);
	run->model = weft_model_new("/run/weft/vhost");
	for (int i = 1; i <= REF_PORTS; i++) {
		snprintf(path, sizeof(path), "t/p%d", i);
		weft_placement_assign(&placement, i, path);
		placement.place[i].owner = 0;
	}
	generate_seed(seed);
	text = generate_start();
	change(run, text);
	free(text);
	weft_fdb_learn(f->w, weft_mac_key(weft_snapshot_slot(run->snap, 1)->native, GENERATE_MAC(UPLINK)), UPLINK,
		weft_snapshot_slot(run->snap, UPLINK)->gen);
	run->ref = reference_new(run->model, f->w->firewall.sessions->timeout);
}

static void
tear_down(struct run *run)
{
	reference_free(run->ref);
	weft_snapshot_free(run->snap);
	weft_model_free(run->model);
	weft_placement_clear(&placement);
	run->f->w->snap = &run->f->snap;
	fixture_teardown((void **)&run->f);
}

static void
report(const struct run *run, const struct ref_packet *p, bool real, bool reference)
{
	const struct weft_worker *w = run->f->w;

	printf("DIFFERENCE: in %d out %d v%d proto %u %02x.%02x -> %02x.%02x ports %u %u flags 0x%02x seq %u ack %u "
	       "win %u len %u "
	       "fragment %d error %d: weft %s, reference %s\n",
		p->in, p->out, p->v6 ? 6 : 4, p->proto, p->src[2], p->src[3], p->dst[2], p->dst[3], p->sport, p->dport,
		p->flags, p->seq, p->ack, p->win, p->payload, p->fragment, p->is_error, real ? "passes" : "drops",
		reference ? "passes" : "drops");
	if (p->is_error)
		printf("  it quotes proto %u %02x.%02x -> %02x.%02x ports %u %u seq %u\n", p->q_proto, p->q_src[2],
			p->q_src[3], p->q_dst[2], p->q_dst[3], p->q_sport, p->q_dport, p->q_seq);
	reference_show(run->ref, p);
	for (unsigned int i = 0; i < WEFT_N_DROPS; i++)
		if (!real && w->counters.port[p->in].drop[i])
			printf("  %s %llu\n", weft_drop_name(i), (unsigned long long)w->counters.port[p->in].drop[i]);
}

static void
run_batch(struct run *run, unsigned int n)
{
	struct ref_packet p[WEFT_VEC_SIZE];
	struct fixture *f = run->f;
	uint8_t frame[2048];
	weft_lanes good;

	for (unsigned int i = 0; i < n; i++) {
		generate_packet(&p[i]);
		fixture_add(f, p[i].in, frame, generate_frame(&p[i], frame));
	}
	good = fixture_run(f, "firewall");
	for (unsigned int i = 0; i < n; i++) {
		bool real = good >> i & 1, reference = reference_judge(run->ref, &p[i]);

		generate_seen(&p[i], reference);
		run->packets++;
		run->passed += real;
		if (real == reference)
			continue;
		if (run->differences++ < 10)
			report(run, &p[i], real, reference);
	}
	fixture_reset(f);
}

// The clock moves on, and both look at all that they know.
static void
sweep(struct run *run, uint32_t seconds)
{
	struct weft_worker *w = run->f->w;

	w->clock += seconds;
	w->firewall.sessions->sweep = 1;
	for (uint32_t i = 0; i < 4 * WEFT_MAX_PORTS / 64; i++)
		weft_sessions_sweep(w, 64);
	reference_sweep(run->ref, w->clock);
	if (w->firewall.sessions->n != reference_count(run->ref)) {
		printf("DIFFERENCE: %u connections, and the reference has %u\n", w->firewall.sessions->n,
			reference_count(run->ref));
		run->differences++;
	}
}

int
main(int argc, char **argv)
{
	uint64_t packets = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	unsigned int seed = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 1;
	// Versions are compared by their low halves: those wrap on the way.
	struct run run = { .version = UINT32_MAX - 150 };

	set_up(&run, seed);
	while (run.packets < packets && run.differences == 0) {
		run_batch(&run, 1 + generate_random(32));
		if (generate_random(40) == 0) {
			char *text = generate_change();

			change(&run, text);
			free(text);
		}
		if (generate_random(200) == 0)
			sweep(&run, 16 + generate_random(generate_random(4) ? 20 : 400));
		// Before either table is full, all connections die of age.
		if (run.f->w->firewall.sessions->n > SIZE - 100)
			sweep(&run, 6 * 24 * 3600);
	}
	printf("compared %llu packets (%llu passed) over %llu changes of the policy: %llu differences\n",
		(unsigned long long)run.packets, (unsigned long long)run.passed, (unsigned long long)run.changes,
		(unsigned long long)run.differences);
	tear_down(&run);
	if (weft_refcount_used()) {
		printf("%zu bytes of compiled policy are left\n", weft_refcount_used());
		return 1;
	}
	return run.differences != 0;
}

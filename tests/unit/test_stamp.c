// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Frames from other hosts are judged by the generation that they name: the one in force, the one before, the next.
#include "underlay.h"

#define CLUSTER 77

// Snapshots of three generations, of which each changes something about the network; the port that MAC_A leads to is
// down in the first and the third.
struct times {
	struct weft_snapshot snap;
	struct weft_port_page ports;
	struct weft_domain_page domains;
};

static struct times *before, *next;

static struct times *
at(const struct fixture *f, uint32_t generation, bool up)
{
	struct times *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->snap = f->snap;
	t->ports = f->port_page;
	t->domains = f->domain_page;
	t->snap.port_page[0] = &t->ports;
	t->snap.domain_page[0] = &t->domains;
	t->snap.generation = generation;
	t->domains.domain[1].changed = generation;
	t->ports.port[1].up = up;
	return t;
}

static int
setup(void **state)
{
	int ret = underlay_setup(state);
	struct fixture *f = *state;

	f->snap.cluster = CLUSTER;
	before = at(f, 4, false);
	next = at(f, 6, false);
	f->snap.generation = f->domains[1].changed = 5;
	return ret;
}

static int
teardown(void **state)
{
	free(before);
	free(next);
	return underlay_teardown(state);
}

// What becomes of a frame of CLUSTER's GENERATION: 1 it is delivered, 0 it meets a port that is down.
static unsigned int
comes_through(struct fixture *f, uint32_t cluster, uint32_t generation)
{
	uint64_t down = dropped(f, PEER, WEFT_DROP_OUT_PORT_DOWN) + dropped(f, UPLINK, WEFT_DROP_OUT_PORT_DOWN);
	uint8_t wire[160];
	unsigned int len, n;

	weft_stamp_make(f->snap.stamp, cluster, generation);
	len = from_peer(f, wire);
	assert_int_equal(len, 60 + OVERHEAD + WEFT_STAMP_SIZE);
	fixture_add(f, UPLINK, wire, len);
	fixture_forward(f);
	n = f->n_sent;
	f->n_sent = 0;
	down = dropped(f, PEER, WEFT_DROP_OUT_PORT_DOWN) + dropped(f, UPLINK, WEFT_DROP_OUT_PORT_DOWN) - down;
	assert_int_equal(n + down, 1);
	assert_null(f->w->generations.present);
	assert_ptr_equal(f->w->snap, &f->snap);
	return n;
}

static void
each_is_judged_by_the_generation_that_it_names(void **state)
{
	struct fixture *f = *state;

	f->w->generations.before = &before->snap;
	f->w->generations.next = &next->snap;
	assert_int_equal(comes_through(f, CLUSTER, 5), 1);
	assert_int_equal(comes_through(f, CLUSTER, 4), 0);
	assert_int_equal(comes_through(f, CLUSTER, 6), 0);
	assert_int_equal(comes_through(f, CLUSTER, 5), 1);
	assert_int_equal(f->w->counters.stamps.present, 2);
	assert_int_equal(f->w->counters.stamps.before, 1);
	assert_int_equal(f->w->counters.stamps.next, 1);
	// Older than what is known here; and of another cluster.
	assert_int_equal(comes_through(f, CLUSTER, 3), 1);
	assert_int_equal(f->w->counters.stamps.late, 1);
	assert_int_equal(comes_through(f, CLUSTER + 1, 4), 1);
	assert_int_equal(f->w->counters.stamps.unstamped, 1);
}

static void
what_is_long_gone_or_not_there_is_judged_by_what_is_in_force(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(comes_through(f, CLUSTER, 4), 1);
	assert_int_equal(comes_through(f, CLUSTER, 6), 1);
	assert_int_equal(f->w->counters.stamps.late, 1);
	assert_int_equal(f->w->counters.stamps.present, 1);
}

// A host that a generation does not concern stays at an older one.
static void
generations_that_do_not_change_the_network_do_not_matter(void **state)
{
	struct fixture *f = *state;

	f->w->generations.before = &before->snap;
	f->w->generations.next = &next->snap;
	f->domains[1].changed = before->domains.domain[1].changed = next->domains.domain[1].changed = 2;
	for (uint32_t generation = 2; generation < 8; generation++)
		assert_int_equal(comes_through(f, CLUSTER, generation), 1);
	assert_int_equal(f->w->counters.stamps.present, 6);
}

static void
numbers_of_generations_wrap(void **state)
{
	struct fixture *f = *state;

	f->w->generations.before = &before->snap;
	before->domains.domain[1].changed = UINT32_MAX;
	f->domains[1].changed = 1;
	assert_int_equal(comes_through(f, CLUSTER, 1), 1);
	assert_int_equal(comes_through(f, CLUSTER, UINT32_MAX), 0);
}

// The slot has got another port since: what is judged by the generation before must not get there.
static void
a_port_that_is_gone_gets_nothing(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[160];
	unsigned int len;

	f->w->generations.before = &before->snap;
	enter(f, weft_mac_key(1, MAC_A), 1);
	before->ports.port[1].up = true;
	f->ports[1].gen = 9;
	weft_stamp_make(f->snap.stamp, CLUSTER, 4);
	len = from_peer(f, wire);
	fixture_add(f, UPLINK, wire, len);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 0);
	assert_int_equal(fixture_drops(f, UPLINK), 1);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_OUT_PORT_GONE), 1);
}

// All three in one vector, with frames from here between them.
static void
they_come_mixed(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[3][160], frame[60];
	unsigned int len = 0;

	f->w->generations.before = &before->snap;
	f->w->generations.next = &next->snap;
	before->ports.port[1].up = true;
	for (unsigned int i = 0; i < 3; i++) {
		weft_stamp_make(f->snap.stamp, CLUSTER, 4 + i);
		len = from_peer(f, wire[i]);
	}
	for (unsigned int i = 0; i < 15; i++) {
		fixture_add(f, UPLINK, wire[i % 3], len);
		fixture_add(f, 2, frame, frame_of(frame, MAC_A, MAC_C, sizeof(frame)));
	}
	fixture_forward(f);
	assert_int_equal(f->n_sent, 25);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_OUT_PORT_DOWN), 5);
	assert_int_equal(f->w->counters.stamps.before, 5);
	assert_int_equal(f->w->counters.stamps.next, 5);
}

// Stages around vlan that note which lanes they see, and by which snapshot.
struct probe {
	unsigned int n; // runs
	struct {
		const struct weft_snapshot *snap;
		weft_lanes mask;
	} run[4];
};

static struct probe in_front, behind;

static weft_lanes
note(struct probe *probe, const struct weft_worker *worker, weft_lanes mask)
{
	assert_true(probe->n < RTE_DIM(probe->run));
	probe->run[probe->n].snap = worker->snap;
	probe->run[probe->n++].mask = mask;
	return mask;
}

static weft_lanes
in_front_stage(struct weft_worker *worker, struct weft_vec *vec __rte_unused, weft_lanes mask)
{
	return note(&in_front, worker, mask);
}

static weft_lanes
behind_stage(struct weft_worker *worker, struct weft_vec *vec __rte_unused, weft_lanes mask)
{
	return note(&behind, worker, mask);
}

// Wherever vlan stands, the second run starts with it.
static void
a_stage_in_front_of_vlan_runs_once(void **state)
{
	const struct weft_stage front = { "in front", in_front_stage, weft_stage_skipped, WEFT_STAGE_ONCE };
	const struct weft_stage back = { "behind", behind_stage, weft_stage_skipped, WEFT_STAGE_AGAIN };
	struct fixture *f = *state;
	struct weft_stage stages[WEFT_N_STAGES];
	unsigned int n = 0, len = 0;
	uint8_t wire[3][160];

	in_front = behind = (struct probe){ 0 };
	for (unsigned int i = 0; i < WEFT_N_STAGES; i++) {
		// Two make room for those of the test.
		if (i == WEFT_STAGE_class || i == WEFT_STAGE_learn)
			continue;
		if (i == WEFT_STAGE_vlan)
			stages[n++] = front;
		stages[n++] = weft_chain[i];
		if (i == WEFT_STAGE_vlan)
			stages[n++] = back;
	}
	assert_int_equal(n, WEFT_N_STAGES);
	f->w->generations.before = &before->snap;
	f->w->generations.next = &next->snap;
	for (unsigned int i = 0; i < 3; i++) {
		weft_stamp_make(f->snap.stamp, CLUSTER, 4 + i);
		len = from_peer(f, wire[i]);
	}
	for (unsigned int i = 0; i < 3; i++)
		fixture_add(f, UPLINK, wire[i], len);
	weft_chain_run_stages(f->w, &f->vec, false, stages, n);
	f->vec.n = 0;
	fixture_forward(f);

	assert_int_equal(in_front.n, 1);
	assert_int_equal(in_front.run[0].mask, 7);
	assert_int_equal(behind.n, 3);
	assert_int_equal(behind.run[0].mask, 2);
	assert_ptr_equal(behind.run[0].snap, &f->snap);
	assert_int_equal(behind.run[1].mask, 1);
	assert_ptr_equal(behind.run[1].snap, &before->snap);
	assert_int_equal(behind.run[2].mask, 4);
	assert_ptr_equal(behind.run[2].snap, &next->snap);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_OUT_PORT_DOWN), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_judged_by_the_generation_that_it_names, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_long_gone_or_not_there_is_judged_by_what_is_in_force, setup, teardown),
		cmocka_unit_test_setup_teardown(
			generations_that_do_not_change_the_network_do_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_of_generations_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(a_port_that_is_gone_gets_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(they_come_mixed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stage_in_front_of_vlan_runs_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

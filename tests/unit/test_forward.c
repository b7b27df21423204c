// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

static void
learned_address_gets_its_frames(void **state)
{
	struct fixture *f = *state;

	fixture_add_eth(f, 2, MAC_C, MAC_B);
	fixture_forward(f);
	f->n_sent = 0;
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 2);
}

static void
configured_address_wins_over_a_learned_one(void **state)
{
	struct fixture *f = *state;

	weft_fdb_learn(f->w, weft_mac_key(1, MAC_B), 3, 1);
	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 2);
}

static void
source_that_belongs_to_another_port_is_refused(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_add_eth(f, 3, MAC_C, MAC_B);
	fixture_add_eth(f, 3, MAC_C, MAC_B);
	fixture_add_eth(f, 3, MAC_B, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[3].drop[WEFT_DROP_GUARD_MAC_TAKEN], 2);
	assert_int_equal(f->n_sent, 1);
}

static void
same_address_in_another_domain_is_another_one(void **state)
{
	static const uint16_t members[] = { 1, 3 };
	struct fixture *f = *state;

	f->domains[2] = (struct weft_domain){ .learning = true, .n_ports = 2, .ports = members, .name = "test/two" };
	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_static_mac(f, 2, MAC_B, 3);
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_forward(f);
	f->ports[1].native = 2;
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2);
	assert_int_equal(f->sent[0].port, 2);
	assert_int_equal(f->sent[1].port, 3);
}

static void
frame_never_goes_back_where_it_came_from(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 1);
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 0);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FWD_SAME_PORT], 1);
}

static void
network_that_does_not_learn_drops_the_unknown(void **state)
{
	struct fixture *f = *state;

	f->domains[1].learning = false;
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FWD_UNKNOWN], 1);
	assert_int_equal(f->w->fdb->n, 0);
}

static void
link_local_control_frames_stay_on_the_link(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 16; i++)
		fixture_add_eth(f, 1, UINT64_C(0x0180c2000000) + i, MAC_A);
	fixture_add_eth(f, 1, UINT64_C(0x0180c2000010), MAC_A);
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FWD_RESERVED], 16);
	assert_int_equal(f->n_sent, 3);
}

// Random frames among four ports against a linear oracle that knows what was learned when.
static void
random_traffic_agrees_with_an_oracle(void **state)
{
	struct fixture *f = *state;
	uint16_t known[32] = { 0 };
	uint32_t random = 1;

	for (unsigned int i = 0; i < 20000; i++) {
		uint16_t in, src, dst;

		random = random * 1664525 + 1013904223;
		in = 1 + (random >> 28) % 4;
		src = 1 + (random >> 20) % 31;
		dst = 1 + (random >> 12) % 31;
		known[src] = in;
		fixture_add_eth(f, in, 0x020000000000 + dst, 0x020000000000 + src);
		f->n_sent = 0;
		fixture_forward(f);
		if (known[dst] == in) {
			assert_int_equal(f->n_sent, 0);
		} else if (known[dst]) {
			assert_int_equal(f->n_sent, 1);
			assert_int_equal(f->sent[0].port, known[dst]);
		} else {
			assert_int_equal(f->n_sent, 3);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(learned_address_gets_its_frames),
		FIXTURE_TEST(configured_address_wins_over_a_learned_one),
		FIXTURE_TEST(source_that_belongs_to_another_port_is_refused),
		FIXTURE_TEST(same_address_in_another_domain_is_another_one),
		FIXTURE_TEST(frame_never_goes_back_where_it_came_from),
		FIXTURE_TEST(network_that_does_not_learn_drops_the_unknown),
		FIXTURE_TEST(link_local_control_frames_stay_on_the_link),
		FIXTURE_TEST(random_traffic_agrees_with_an_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

// The port that MAC was learned on in domain 1, or WEFT_PORT_NONE.
static uint16_t
port_of(const struct fixture *f, uint64_t mac)
{
	uint64_t key = weft_mac_key(1, mac);
	const struct weft_mac_entry *entry =
		weft_fdb_find(f->w->fdb, &f->snap, key, weft_mactab_hash(&f->w->fdb->tab, key));

	return entry ? entry->port : WEFT_PORT_NONE;
}

static void
sources_are_learned(void **state)
{
	struct fixture *f = *state;

	fixture_add_eth(f, 1, MAC_C, MAC_A);
	fixture_add_eth(f, 2, MAC_C, MAC_B);
	fixture_add_eth(f, 1, MAC_C, MAC_A);
	assert_int_equal(fixture_run(f, "learn"), 7);
	assert_int_equal(port_of(f, MAC_A), 1);
	assert_int_equal(port_of(f, MAC_B), 2);
	assert_int_equal(port_of(f, MAC_C), WEFT_PORT_NONE);
	assert_int_equal(f->w->fdb->n, 2);
	assert_int_equal(f->w->counters.port[1].learned, 1);
}

static void
ports_that_name_their_mac_are_not_learned(void **state)
{
	struct fixture *f = *state;

	f->ports[1].guard = WEFT_GUARD_MAC;
	f->ports[1].mac = MAC_A;
	fixture_add_eth(f, 1, MAC_C, MAC_A);
	assert_int_equal(fixture_run(f, "learn"), 1);
	assert_int_equal(f->w->fdb->n, 0);
}

static void
networks_that_do_not_learn_stay_as_they_are(void **state)
{
	struct fixture *f = *state;

	f->domains[1].learning = false;
	fixture_add_eth(f, 1, MAC_C, MAC_A);
	assert_int_equal(fixture_run(f, "learn"), 1);
	assert_int_equal(f->w->fdb->n, 0);
}

// Those that follow the first frame of the source too.
static void
sources_of_other_ports_are_refused(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_add_eth(f, 1, MAC_C, MAC_B);
	fixture_add_eth(f, 1, MAC_C, MAC_B);
	fixture_add_eth(f, 1, MAC_C, MAC_A);
	fixture_add_eth(f, 2, MAC_C, MAC_B);
	assert_int_equal(fixture_run(f, "learn"), 0xc);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_GUARD_MAC_TAKEN], 2);
	assert_int_equal(port_of(f, MAC_A), 1);
}

static void
dry_run_learns_nothing(void **state)
{
	struct fixture *f = *state;

	f->vec.dry_run = true;
	f->vec.explain = &f->explain;
	fixture_add_eth(f, 1, MAC_C, MAC_A);
	assert_int_equal(fixture_run(f, "learn"), 1);
	assert_int_equal(f->w->fdb->n, 0);
	assert_string_equal(f->explain.step[f->explain.n_steps - 1].stage, "learn");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(sources_are_learned),
		FIXTURE_TEST(ports_that_name_their_mac_are_not_learned),
		FIXTURE_TEST(networks_that_do_not_learn_stay_as_they_are),
		FIXTURE_TEST(sources_of_other_ports_are_refused),
		FIXTURE_TEST(dry_run_learns_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

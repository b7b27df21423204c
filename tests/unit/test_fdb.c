// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

static const struct weft_mac_entry *
find(const struct fixture *f, uint64_t mac)
{
	uint64_t key = weft_mac_key(1, mac);

	return weft_fdb_find(f->w->fdb, &f->snap, key, weft_mactab_hash(&f->w->fdb->tab, key));
}

static void
learn(struct fixture *f, uint64_t mac, uint16_t port)
{
	weft_fdb_learn(f->w, weft_mac_key(1, mac), port, f->ports[port].gen);
}

static void
address_is_learned_and_told(void **state)
{
	struct fixture *f = *state;

	assert_null(find(f, MAC_A));
	learn(f, MAC_A, 2);
	assert_int_equal(find(f, MAC_A)->port, 2);
	assert_int_equal(f->n_told, 1);
	assert_true(f->told.key == weft_mac_key(1, MAC_A));
	assert_int_equal(f->w->counters.port[2].learned, 1);
}

static void
address_moves_with_its_guest(void **state)
{
	struct fixture *f = *state;

	learn(f, MAC_A, 2);
	learn(f, MAC_A, 3);
	assert_int_equal(find(f, MAC_A)->port, 3);
	assert_int_equal(f->w->counters.port[3].moved, 1);
	assert_int_equal(f->n_told, 2);
	assert_int_equal(f->w->fdb->count[2], 0);
	assert_int_equal(f->w->fdb->count[3], 1);
	assert_int_equal(f->w->fdb->n, 1);
}

static void
unused_address_ages_and_used_one_stays(void **state)
{
	struct fixture *f = *state;

	learn(f, MAC_A, 1);
	learn(f, MAC_B, 1);
	f->w->clock = 200;
	learn(f, MAC_B, 1);
	f->w->clock = 301;
	weft_fdb_sweep(f->w, f->w->fdb->tab.mask + 1);
	assert_null(find(f, MAC_A));
	assert_non_null(find(f, MAC_B));
	assert_int_equal(f->w->fdb->n, 1);
	assert_int_equal(f->w->fdb->count[1], 1);
}

static void
used_address_is_announced_now_and_then(void **state)
{
	struct fixture *f = *state;

	learn(f, MAC_A, 1);
	for (f->w->clock = 0; f->w->clock < 300; f->w->clock++)
		learn(f, MAC_A, 1);
	assert_int_equal(f->n_told, 3);
}

static void
quota_of_a_port_holds_and_others_still_learn(void **state)
{
	struct fixture *f = *state;

	f->ports[1].max_macs = 8;
	for (uint64_t i = 1; i <= 20; i++)
		learn(f, i, 1);
	assert_int_equal(f->w->fdb->n, 8);
	assert_int_equal(f->w->counters.port[1].not_learned, 12);
	learn(f, MAC_B, 2);
	assert_non_null(find(f, MAC_B));
}

static void
table_is_bounded(void **state)
{
	struct fixture *f = *state;

	f->ports[1].max_macs = 1u << 20;
	for (uint64_t i = 1; i <= 5000; i++)
		learn(f, i, 1);
	assert_true(f->w->fdb->n <= 1024);
	assert_int_equal(f->w->counters.port[1].learned + f->w->counters.port[1].not_learned, 5000);
}

static void
address_of_a_removed_port_is_dead(void **state)
{
	struct fixture *f = *state;

	learn(f, MAC_A, 2);
	f->ports[2].gen = 2;
	assert_null(find(f, MAC_A));
	weft_fdb_sweep(f->w, f->w->fdb->tab.mask + 1);
	assert_int_equal(f->w->fdb->n, 0);
	learn(f, MAC_A, 3);
	assert_int_equal(find(f, MAC_A)->port, 3);
	assert_int_equal(f->w->counters.port[3].moved, 0);
}

static void
news_of_another_worker_is_taken_and_not_told_on(void **state)
{
	struct fixture *f = *state;
	struct weft_fdb_message message = { .key = weft_mac_key(1, MAC_A), .port = 4, .gen = 1 };

	weft_fdb_hear(f->w, &message);
	assert_int_equal(find(f, MAC_A)->port, 4);
	assert_int_equal(f->n_told, 0);
	f->w->clock = 250;
	weft_fdb_hear(f->w, &message);
	f->w->clock = 400;
	weft_fdb_sweep(f->w, f->w->fdb->tab.mask + 1);
	assert_non_null(find(f, MAC_A));
	message.gen = 9;
	message.key++;
	weft_fdb_hear(f->w, &message);
	assert_int_equal(f->w->fdb->n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(address_is_learned_and_told),
		FIXTURE_TEST(address_moves_with_its_guest),
		FIXTURE_TEST(unused_address_ages_and_used_one_stays),
		FIXTURE_TEST(used_address_is_announced_now_and_then),
		FIXTURE_TEST(quota_of_a_port_holds_and_others_still_learn),
		FIXTURE_TEST(table_is_bounded),
		FIXTURE_TEST(address_of_a_removed_port_is_dead),
		FIXTURE_TEST(news_of_another_worker_is_taken_and_not_told_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

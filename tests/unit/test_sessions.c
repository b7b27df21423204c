// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <stdlib.h>

#include <rte_random.h>

#include "fixture.h"
#include "pipeline/tables/sessions.h"

#define SIZE 4096

static struct weft_session_key
key_of(uint32_t i)
{
	return (struct weft_session_key){
		.addr = { i * 7, 1 }, .l4 = { (uint16_t)i, 80 }, .slot = { 1, 2 }, .domain = 1, .proto = 6, .family = 4
	};
}

static uint32_t
find(const struct weft_sessions *t, uint32_t i)
{
	struct weft_session_key key = key_of(i);

	return weft_sessions_find(t, &key, weft_sessions_hash(t, &key), NULL);
}

// An open connection in STATE, or 0.
static uint32_t
open_one(struct weft_sessions *t, uint32_t i, enum weft_session_state state)
{
	struct weft_session_key key = key_of(i);
	uint32_t record = weft_sessions_insert(t, &key, weft_sessions_hash(t, &key));

	if (record == 0)
		return 0;
	t->rec[record].account = 1;
	t->port[1].n++;
	t->rec[record].state = WEFT_SESSION_ESTABLISHED;
	weft_sessions_enter(t, &t->rec[record], state);
	if (weft_session_is_half(state))
		weft_sessions_may_evict(t, record);
	return record;
}

static int
setup(void **state)
{
	fixture_eal();
	*state = weft_sessions_new(SIZE, 64);
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	weft_sessions_free(*state);
	return 0;
}

static void
table_takes_as_many_as_it_says(void **state)
{
	struct weft_sessions *t = *state;

	for (uint32_t i = 0; i < SIZE; i++)
		assert_int_not_equal(open_one(t, i, WEFT_SESSION_ESTABLISHED), 0);
	assert_int_equal(t->n, SIZE);
	assert_int_equal(open_one(t, SIZE, WEFT_SESSION_ESTABLISHED), 0);
	for (uint32_t i = 0; i < SIZE; i++)
		assert_int_equal(t->rec[find(t, i)].key.l4[0], (uint16_t)i);
	assert_int_equal(find(t, SIZE), 0);
}

// Random comings and goings against an array of what there is.
static void
table_agrees_with_an_array(void **state)
{
	struct weft_sessions *t = *state;
	static uint32_t there[8192];
	uint32_t n = 0;

	memset(there, 0, sizeof(there));
	srandom(4);
	for (unsigned int step = 0; step < 400000; step++) {
		uint32_t i = (uint32_t)random() % 8192;

		assert_int_equal(find(t, i), there[i]);
		if (there[i]) {
			weft_session_remove(t, there[i]);
			there[i] = 0;
			n--;
		} else if (n < SIZE) {
			there[i] = open_one(t, i, WEFT_SESSION_ESTABLISHED);
			assert_int_not_equal(there[i], 0);
			n++;
		}
		assert_int_equal(t->n, n);
	}
	assert_int_equal(t->port[1].n, n);
}

static void
what_was_never_answered_goes_first_and_oldest(void **state)
{
	struct weft_sessions *t = *state;
	uint32_t first = open_one(t, 1, WEFT_SESSION_SYN_SENT), second = open_one(t, 2, WEFT_SESSION_SYN_SENT);
	uint32_t third = open_one(t, 3, WEFT_SESSION_ESTABLISHED), fourth = open_one(t, 4, WEFT_SESSION_ESTABLISHED);

	assert_int_equal(t->port[1].n_half, 2);
	// One is answered, one closes.
	weft_sessions_enter(t, &t->rec[first], WEFT_SESSION_ESTABLISHED);
	weft_sessions_enter(t, &t->rec[fourth], WEFT_SESSION_CLOSED);
	assert_int_equal(t->port[1].n_half, 1);
	assert_true(weft_sessions_evict(t));
	assert_int_equal(find(t, 2), 0);
	assert_true(weft_sessions_evict(t));
	assert_int_equal(find(t, 4), 0);
	assert_false(weft_sessions_evict(t));
	assert_int_equal(find(t, 1), first);
	assert_int_equal(find(t, 3), third);
	assert_int_equal(t->port[1].n_half, 0);
	(void)second;
}

static void
counts_go_to_the_rules(void **state)
{
	struct weft_sessions *t = *state;
	uint32_t record = open_one(t, 1, WEFT_SESSION_ESTABLISHED);
	struct weft_session *s = &t->rec[record];

	s->counter[0] = 5;
	s->counter[1] = 9;
	s->packets = 3;
	s->bytes = 300;
	s->seen = 17;
	weft_sessions_settle(t, s);
	s->packets = 1;
	s->bytes = 60;
	weft_session_remove(t, record);
	assert_int_equal(t->rule[5].packets, 4);
	assert_int_equal(t->rule[9].bytes, 360);
	assert_int_equal(t->rule[9].last, 17);
}

static void
records_go_to_another_table_as_they_are(void **state)
{
	struct weft_sessions *t = *state, *other = weft_sessions_new(64, 4);
	uint8_t addr[2][16] = { { 0xfd, 1 }, { 0xfd, 2 } };
	const uint8_t *const addr6[2] = { addr[0], addr[1] };
	struct weft_session_key key = key_of(1);
	uint32_t record;

	assert_non_null(other);
	record = open_one(t, 1, WEFT_SESSION_SYN_SENT);
	t->rec[record].tcp[1].end = 77;
	assert_true(weft_session_adopt(other, &t->rec[record]));
	assert_true(weft_session_adopt(other, &t->rec[record])); // twice is once
	assert_int_equal(other->n, 1);
	assert_int_equal(other->rec[find(other, 1)].tcp[1].end, 77);
	assert_int_equal(other->port[1].n_half, 1);
	// Secrets differ, and with them how IPv6 addresses are folded.
	key.family = 6;
	for (unsigned int e = 0; e < 2; e++)
		key.addr[e] = weft_sessions_fold(t, addr[e]);
	record = weft_sessions_insert(t, &key, weft_sessions_hash(t, &key));
	memcpy(t->rec[record].addr6, addr, sizeof(addr));
	t->rec[record].state = WEFT_SESSION_ESTABLISHED;
	assert_true(weft_session_adopt(other, &t->rec[record]));
	for (unsigned int e = 0; e < 2; e++)
		key.addr[e] = weft_sessions_fold(other, addr[e]);
	assert_int_not_equal(weft_sessions_find(other, &key, weft_sessions_hash(other, &key), addr6), 0);
	// The same fold of other addresses is another connection.
	addr[0][5] = 9;
	assert_int_equal(weft_sessions_find(other, &key, weft_sessions_hash(other, &key), addr6), 0);
	weft_sessions_free(other);
}

// Keys that differ in few bits spread over the buckets as random ones would: with two choices none overflows.
// Keys that differ in few bits, as somebody may choose them.
static struct weft_session_key
chosen_key(uint32_t i)
{
	struct weft_session_key key = key_of(0);

	key.addr[0] = i << 20;
	key.l4[0] = (uint16_t)(i & 3) << 14;
	key.addr[1] = i >> 12;
	return key;
}

static void
chosen_tuples_do_not_crowd_a_bucket(void **state)
{
	struct weft_sessions *t = *state;
	unsigned int fullest = 0;

	for (uint32_t i = 0; i < SIZE; i++) {
		struct weft_session_key key = chosen_key(i);

		assert_int_not_equal(weft_sessions_insert(t, &key, weft_sessions_hash(t, &key)), 0);
	}
	for (uint32_t b = 0; b <= t->mask; b++) {
		unsigned int n = 0;

		for (unsigned int i = 0; i < WEFT_SESSION_WAYS; i++)
			n += t->bucket[b].index[i] != 0;
		fullest = RTE_MAX(fullest, n);
	}
	assert_in_range(fullest, 5, WEFT_SESSION_WAYS);
	assert_int_equal(t->n, SIZE);
}

// Whatever the secrets are: with one in a hundred a product alone puts such keys into few buckets.
static void
no_secret_crowds_a_bucket(void **state)
{
	struct weft_sessions *t = *state;

	for (unsigned int turn = 0; turn < 2000; turn++) {
		uint16_t n[SIZE / 4] = { 0 };

		for (unsigned int i = 0; i < RTE_DIM(t->secret); i++)
			t->secret[i] = rte_rand();
		for (uint32_t i = 0; i < SIZE; i++) {
			struct weft_session_key key = chosen_key(i);

			n[weft_sessions_first(t, weft_sessions_hash(t, &key)) & (RTE_DIM(n) - 1)]++;
		}
		// Four in a bucket on average; by chance alone more than 20 in one of a billion.
		for (unsigned int b = 0; b < RTE_DIM(n); b++)
			assert_in_range(n[b], 0, 32);
	}
}

static void
connection_takes_no_more_memory_than_promised(void **state)
{
	const struct weft_sessions *t = *state;
	size_t all = sizeof(t->rec[0]) * (t->size + 1) + sizeof(t->bucket[0]) * (t->mask + 1) +
		     sizeof(t->free[0]) * t->size + sizeof(t->victim[0]) * rte_align32pow2(t->size);

	assert_in_range(all / t->size, 100, 160);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(table_takes_as_many_as_it_says),
		TEST(table_agrees_with_an_array),
		TEST(what_was_never_answered_goes_first_and_oldest),
		TEST(counts_go_to_the_rules),
		TEST(records_go_to_another_table_as_they_are),
		TEST(chosen_tuples_do_not_crowd_a_bucket),
		TEST(no_secret_crowds_a_bucket),
		TEST(connection_takes_no_more_memory_than_promised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

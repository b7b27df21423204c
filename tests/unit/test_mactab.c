// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <rte_random.h>

#include "fixture.h"

#define N 65536

static void
every_key_is_found_at_half_load(void **state)
{
	struct weft_mactab tab;
	unsigned int lost = 0;

	(void)state;
	assert_int_equal(weft_mactab_init(&tab, N, 42), 0);
	for (uint64_t i = 1; i <= N; i++) {
		struct weft_mac_entry *entry = weft_mactab_free_way(&tab, weft_mac_key(1, i));

		if (entry)
			*entry = (struct weft_mac_entry){ .key = weft_mac_key(1, i), .port = (uint16_t)i };
		else
			lost++;
	}
	assert_int_equal(lost, 0);
	for (uint64_t i = 1; i <= N; i++) {
		uint64_t key = weft_mac_key(1, i);
		struct weft_mac_entry *entry = weft_mactab_find(&tab, key, weft_mactab_hash(&tab, key));

		assert_non_null(entry);
		assert_int_equal(entry->port, (uint16_t)i);
		key = weft_mac_key(2, i);
		assert_null(weft_mactab_find(&tab, key, weft_mactab_hash(&tab, key)));
	}
	weft_mactab_fini(&tab);
}

static void
full_buckets_refuse(void **state)
{
	struct weft_mactab tab;
	unsigned int n = 0;

	(void)state;
	assert_int_equal(weft_mactab_init(&tab, 2, 42), 0);
	for (uint64_t i = 1; i < 1000; i++) {
		struct weft_mac_entry *entry = weft_mactab_free_way(&tab, weft_mac_key(1, i));

		if (entry) {
			entry->key = weft_mac_key(1, i);
			n++;
		}
	}
	assert_int_equal(n, (tab.mask + 1) * WEFT_MACTAB_WAYS);
	weft_mactab_fini(&tab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_found_at_half_load),
		cmocka_unit_test(full_buckets_refuse),
	};

	return cmocka_run_group_tests(tests, fixture_start, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The timing wheel against a list that is searched.
#include <rte_random.h>

#include "fixture.h"
#include "weft/wheel.h"

#define N 500

struct oracle {
	uint64_t due[N]; // 0: not in the wheel
	uint32_t n;
};

static void
check_expired(struct oracle *oracle, struct weft_wheel *wheel, uint64_t now)
{
	uint32_t ids[N], got;

	while ((got = weft_wheel_expire(wheel, now, ids, 1 + (uint32_t)rte_rand_max(N))) > 0) {
		for (uint32_t i = 0; i < got; i++) {
			assert_true(oracle->due[ids[i]] != 0 && oracle->due[ids[i]] <= now);
			assert_false(weft_wheel_has(wheel, ids[i]));
			oracle->due[ids[i]] = 0;
			oracle->n--;
		}
	}
	for (uint32_t i = 0; i < N; i++)
		assert_true(oracle->due[i] == 0 || oracle->due[i] + WEFT_WHEEL_GRAIN > now);
	assert_int_equal(wheel->n, oracle->n);
}

// Times near, far, past, beyond the horizon, and jumps of all sizes.
static void
nothing_is_early_and_nothing_late(void **state)
{
	const uint64_t horizon = WEFT_WHEEL_GRAIN * WEFT_WHEEL_SLOTS;
	uint64_t now = UINT64_C(1) << 50, seen = 0;
	struct weft_wheel *wheel = weft_wheel_new(N, now);
	struct oracle oracle = { 0 };

	(void)state;
	assert_non_null(wheel);
	for (unsigned int round = 0; round < 20000; round++) {
		for (unsigned int k = rte_rand_max(20); k > 0; k--) {
			uint32_t id = (uint32_t)rte_rand_max(N);
			uint64_t range[] = { WEFT_WHEEL_GRAIN, 100 * WEFT_WHEEL_GRAIN, horizon, 5 * horizon };
			uint64_t due = now - WEFT_WHEEL_GRAIN + rte_rand_max(range[rte_rand_max(4)]);

			oracle.n += oracle.due[id] == 0;
			if (rte_rand_max(5)) {
				weft_wheel_set(wheel, id, due);
				oracle.due[id] = RTE_MAX(due, now);
			} else {
				weft_wheel_remove(wheel, id);
				oracle.due[id] = 0;
				oracle.n--;
			}
		}
		assert_true(oracle.n ? weft_wheel_next(wheel) != UINT64_MAX : weft_wheel_next(wheel) == UINT64_MAX);
		now += rte_rand_max(100) ? rte_rand_max(3 * WEFT_WHEEL_GRAIN) : rte_rand_max(3 * horizon);
		seen += wheel->n;
		check_expired(&oracle, wheel, now);
	}
	assert_true(seen > 100000);
	weft_wheel_free(wheel);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_early_and_nothing_late),
	};

	return cmocka_run_group_tests(tests, fixture_start, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <rte_random.h>

#include "fixture.h"
#include "weft/packet_rate.h"

// In any window, no more packets than the rate times the window, and the burst.
static void
no_window_exceeds_rate_and_burst(void **state)
{
	const struct weft_rate rate = { .cost = 100, .burst = 1000 };
	static uint64_t passed[100000];
	uint64_t now = 5000, spent = 0;
	unsigned int n = 0;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(passed); i++) {
		uint64_t next = weft_rate_next(&rate, spent, now);

		if (next) {
			spent = next;
			passed[n++] = now;
		}
		now += rte_rand() % 3 ? rte_rand() % 60 : rte_rand() % 2000;
	}
	assert_true(n > 1000);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = i; k < n && k < i + 200; k++)
			assert_true((k - i + 1) * rate.cost <= passed[k] - passed[i] + rate.burst);
}

static void
steady_sender_gets_the_rate(void **state)
{
	const struct weft_rate rate = { .cost = 100, .burst = 3200 };
	uint64_t spent = 0;
	unsigned int n = 0;

	(void)state;
	for (uint64_t now = 1000000; now < 2000000; now += 10) {
		uint64_t next = weft_rate_next(&rate, spent, now);

		if (next) {
			spent = next;
			n++;
		}
	}
	assert_in_range(n, 10000, 10032);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_window_exceeds_rate_and_burst),
		cmocka_unit_test(steady_sender_gets_the_rate),
	};

	return cmocka_run_group_tests(tests, fixture_start, NULL);
}

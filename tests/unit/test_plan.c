// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Plans on a virtual clock: whatever comes, in any time t at most rate * t + burst bytes pass, and one who always has
// something to send gets the rate.
#include <rte_random.h>

#include "fixture.h"
#include "weft/plan.h"

#define HZ    UINT64_C(2500000000)
#define FRAME 1522

static struct weft_plan_limit
limit_of(uint64_t rate, uint32_t burst, uint32_t pps)
{
	struct weft_plan_limit limit = { .rate = weft_byte_rate(rate, burst, FRAME, HZ) };

	if (pps)
		limit.packets = (struct weft_rate){ .cost = HZ / pps, .burst = HZ / pps * 32 };
	return limit;
}

// Takes frames of SIZE from a ring that never runs empty. Returns the bytes, with their number in *N.
static uint64_t
take(const struct weft_plan_limit *limit, struct weft_spent *spent, uint64_t now, uint32_t size, uint16_t *n)
{
	int64_t bytes;
	uint16_t most = weft_plan_limit_allowed(limit, spent, now, 32, &bytes);

	for (*n = 0; *n < most && bytes > 0; ++*n)
		bytes -= size;
	weft_plan_limit_spend(limit, spent, *n, (uint64_t)*n * size);
	return (uint64_t)*n * size;
}

static const uint64_t rates[] = { 64000, 1000000, 10000000, 100000000, 1000000000, 40000000000, 1000000000000 };

static void
steady_sender_gets_the_rate(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < RTE_DIM(rates); r++) {
		for (uint32_t size = 64; size <= FRAME; size += 729) {
			uint64_t seconds = rates[r] < 10000000 ? 1000 : 1, start = UINT64_C(1) << 52, sum = 0,
				 now = start;
			struct weft_plan_limit limit =
				limit_of(rates[r], RTE_MAX(4 * FRAME, (uint32_t)(rates[r] / 400)), 0);
			struct weft_spent spent = { 0 };
			double want = (double)rates[r] / 8 * seconds;
			uint16_t n;

			weft_plan_limit_change(&limit, &spent, now, true);
			// Somebody looks at the time at which the next frame may go, or a little later.
			while ((now = RTE_MAX(now, weft_plan_limit_next(&limit, &spent)) + rte_rand_max(2000)) <
				start + seconds * HZ)
				do {
					sum += take(&limit, &spent, now, size, &n);
				} while (n);
			assert_true(sum > want * 0.9995 - 2 * FRAME && sum < want * 1.0005 + 2 * FRAME);
		}
	}
}

static void
no_window_holds_more_than_rate_and_burst(void **state)
{
	static struct {
		uint64_t at, bytes;
	} passed[20000];
	static const uint32_t bursts[] = { FRAME + 1, 3 * FRAME, 100 * FRAME };

	(void)state;
	for (unsigned int round = 0; round < 3 * RTE_DIM(rates); round++) {
		uint64_t rate = rates[round / 3], now = UINT64_C(1) << 52;
		uint32_t burst = bursts[round % 3];
		struct weft_plan_limit limit = limit_of(rate, burst, 0);
		struct weft_spent spent = { 0 };
		uint64_t per_frame = HZ * 8 * FRAME / rate;
		unsigned int n = 0;
		uint16_t got;

		weft_plan_limit_change(&limit, &spent, now, true);
		while (n < RTE_DIM(passed)) {
			passed[n].at = now;
			passed[n].bytes = take(&limit, &spent, now, 60 + (uint32_t)rte_rand_max(FRAME - 59), &got);
			n += got != 0;
			now += rte_rand_max(50) ? rte_rand_max(per_frame + 1) : rte_rand_max(200 * per_frame + 1);
		}
		for (unsigned int i = 0; i < n; i++) {
			uint64_t sum = 0;
			double slack = 1 + 2.0 * rate / 8 / HZ; // two cycles

			for (unsigned int k = i; k < n && k < i + 100; k++) {
				sum += passed[k].bytes;
				assert_true(
					sum <= (double)(passed[k].at - passed[i].at) / HZ * rate / 8 + burst + slack);
			}
		}
	}
}

static void
packets_are_limited_beside_bytes(void **state)
{
	struct weft_plan_limit limit = limit_of(1000000000, 100 * FRAME, 1000);
	struct weft_spent spent = { 0 };
	uint64_t now = UINT64_C(1) << 52, end = now + HZ, packets = 0;
	uint16_t n;

	(void)state;
	weft_plan_limit_change(&limit, &spent, now, true);
	for (; now < end; now += HZ / 100000) {
		take(&limit, &spent, now, 64, &n);
		packets += n;
	}
	assert_in_range(packets, 998, 1001);
}

// From one rate to the next and back, over and over: what passes is at most what the rates allow, and one burst.
static void
change_gives_no_burst_away(void **state)
{
	uint64_t now = UINT64_C(1) << 52;
	struct weft_spent spent = { 0 };
	double allowed = 100 * FRAME, passed = 0;
	uint16_t n;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		uint64_t rate = rates[rte_rand_max(5)], idle = rte_rand_max(HZ / 100);
		struct weft_plan_limit limit = limit_of(rate, 100 * FRAME, 0);

		weft_plan_limit_change(&limit, &spent, now, i == 0);
		now += idle;
		allowed += (double)idle / HZ * rate / 8;
		do {
			passed += take(&limit, &spent, now, FRAME, &n);
		} while (n);
		assert_true(passed <= allowed + FRAME);
	}
	assert_true(passed > allowed / 4);
}

static void
debt_and_allowance_stay_the_same_bytes(void **state)
{
	struct weft_plan_limit slow = limit_of(1000000, 10 * FRAME, 0), fast = limit_of(100000000, 10 * FRAME, 0);
	uint64_t now = UINT64_C(1) << 52;
	struct weft_spent spent = { 0 };

	(void)state;
	weft_plan_limit_change(&slow, &spent, now, true);
	assert_in_range(weft_bytes_allowed(&slow.rate, &spent.bytes, now + HZ / 1000), 125, 126);
	weft_plan_limit_change(&fast, &spent, now + HZ / 1000, false);
	assert_in_range(weft_bytes_allowed(&fast.rate, &spent.bytes, now + HZ / 1000), 125, 127);
	weft_plan_limit_spend(&fast, &spent, 1, 1125);
	weft_plan_limit_change(&slow, &spent, now + HZ / 1000, false);
	assert_in_range(spent.bytes - now - HZ / 1000, HZ / 125 - HZ / 10000, HZ / 125 + HZ / 10000);
}

// One that was silent for a day has its burst and not more, in whatever rate comes next.
static void
long_silence_is_worth_one_burst(void **state)
{
	struct weft_plan_limit slow = limit_of(64000, 2000, 0), fast = limit_of(1000000000, 100 * FRAME, 0);
	uint64_t now = UINT64_C(1) << 52;
	struct weft_spent spent = { 0 };

	(void)state;
	weft_plan_limit_change(&slow, &spent, now, true);
	now += HZ * 86400;
	weft_plan_limit_change(&fast, &spent, now, false);
	assert_in_range(weft_bytes_allowed(&fast.rate, &spent.bytes, now), 2000 - FRAME, 2000 - FRAME + 2);
	now += HZ * 86400;
	weft_plan_limit_change(&slow, &spent, now, false);
	assert_in_range(weft_bytes_allowed(&slow.rate, &spent.bytes, now), 2000 - FRAME, 2000 - FRAME + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_sender_gets_the_rate),
		cmocka_unit_test(no_window_holds_more_than_rate_and_burst),
		cmocka_unit_test(packets_are_limited_beside_bytes),
		cmocka_unit_test(change_gives_no_burst_away),
		cmocka_unit_test(long_silence_is_worth_one_burst),
		cmocka_unit_test(debt_and_allowance_stay_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, fixture_start, NULL);
}

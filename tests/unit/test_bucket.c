// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A tenant's bucket: whatever several workers take and give back, in any time t at most rate * t + burst bytes pass,
// and what workers had taken that were stopped before they could give it back. On a virtual clock, and with real
// threads.
#include <pthread.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dataplane/core/state.h"
#include "dataplane/shaping/bucket.h"
#include "fixture.h"

#define HZ	UINT64_C(2500000000)
#define FRAME	1522
#define WORKERS 3
#define BURST	(20 * FRAME)
#define TURN	(32 * FRAME)
#define TAKEN	(BURST - WORKERS * FRAME) // by one worker, at most

static struct {
	uint64_t at, bytes;
} passed[20000];

static void
set(uint16_t bucket, uint64_t bits, uint64_t hz)
{
	struct weft_bucket_rate rate = { .now = weft_byte_rate(bits, BURST, WORKERS * FRAME, hz) };

	assert_int_equal(weft_engine_set_bucket(bucket, &rate), 0);
}

// Frames of random sizes, until BYTES are overdrawn or some random end. Returns what they are together.
static int64_t
read_some(int64_t bytes)
{
	int64_t used = 0;

	for (unsigned int n = (unsigned int)rte_rand_max(33); n > 0 && used < bytes; n--)
		used += 60 + (int64_t)rte_rand_max(FRAME - 59);
	return used;
}

static void
no_window_holds_more_than_rate_and_burst(void **state)
{
	static const uint64_t rates[] = { 64000, 10000000, 1000000000, 40000000000 };

	(void)state;
	for (unsigned int r = 0; r < RTE_DIM(rates); r++) {
		uint64_t now = rte_rdtsc() + HZ, per_frame = HZ * 8 * FRAME / rates[r], start = now, total = 0;
		int64_t took[WORKERS] = { 0 }, used[WORKERS];
		unsigned int n = 0;

		set((uint16_t)(1 + r), rates[r], HZ);
		while (n < RTE_DIM(passed)) {
			unsigned int w = (unsigned int)rte_rand_max(WORKERS);

			// Each worker takes and reads, and settles some time later.
			if (took[w] == 0) {
				took[w] = weft_bucket_take((uint16_t)(1 + r), false, now, TURN);
				used[w] = read_some(took[w]);
				passed[n].at = now;
				passed[n].bytes = (uint64_t)used[w];
				n += used[w] != 0;
				total += (uint64_t)used[w];
			} else {
				weft_bucket_settle((uint16_t)(1 + r), false, took[w], used[w]);
				took[w] = 0;
			}
			now += rte_rand_max(50) ? rte_rand_max(per_frame / 4 + 2) : rte_rand_max(20 * per_frame + 2);
		}
		for (unsigned int i = 0; i < n; i++) {
			uint64_t sum = 0;
			double slack = 1 + 100.0 * rates[r] / 8 / HZ; // a cycle each

			for (unsigned int k = i; k < n && k < i + 100; k++) {
				sum += passed[k].bytes;
				assert_true(sum <= (double)(passed[k].at - passed[i].at) / HZ * rates[r] / 8 + BURST +
							   WORKERS * TAKEN + slack);
			}
		}
		assert_true(total <= (double)(now - start) / HZ * rates[r] / 8 + BURST + WORKERS * TAKEN);
		assert_true(total > (double)(now - start) / HZ * rates[r] / 8 / 20);
	}
}

static _Atomic bool over;

static void *
worker(void *arg)
{
	uint64_t *sum = arg, seed = (uintptr_t)arg;

	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		int64_t took = weft_bucket_take(9, false, rte_rdtsc(), TURN), used = 0;

		for (seed = seed * 6364136223846793005u + 1; used < took && (seed >> 60 || used == 0);
			seed += seed >> 7)
			used += FRAME;
		if (took)
			weft_bucket_settle(9, false, took, used);
		*sum += (uint64_t)used;
	}
	return NULL;
}

static void
threads_get_the_rate_together(void **state)
{
	const uint64_t bits = 2000000000;
	uint64_t sum[WORKERS] = { 0 }, start, took;
	pthread_t thread[WORKERS];
	double want;

	(void)state;
	set(9, bits, rte_get_tsc_hz());
	start = rte_rdtsc();
	for (unsigned int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, worker, &sum[i]), 0);
	rte_delay_us_sleep(300000);
	atomic_store(&over, true);
	for (unsigned int i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	took = rte_rdtsc() - start;
	want = (double)took / rte_get_tsc_hz() * bits / 8;
	assert_true((double)(sum[0] + sum[1] + sum[2]) <= want + BURST);
	assert_true((double)(sum[0] + sum[1] + sum[2]) > want / 10);
}

static int
setup(void **state)
{
	(void)state;
	fixture_eal();
	// No worker of the engine's runs: old rates may be freed at once.
	weft_engine.qsbr = rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(1), RTE_CACHE_LINE_SIZE);
	assert_non_null(weft_engine.qsbr);
	return rte_rcu_qsbr_init(weft_engine.qsbr, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_window_holds_more_than_rate_and_burst),
		cmocka_unit_test(threads_get_the_rate_together),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}

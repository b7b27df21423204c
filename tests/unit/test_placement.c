// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"
#include "control/compile/placement.h"
#include "weft/engine.h"

static struct weft_placement placement;
static struct weft_port_stats stats[WEFT_MAX_PORTS];

// Counters come from the test.
void __wrap_weft_engine_port_stats(uint16_t slot, struct weft_port_stats *sum);

void
__wrap_weft_engine_port_stats(uint16_t slot, struct weft_port_stats *sum)
{
	*sum = stats[slot];
}

static int
setup(void **state)
{
	(void)state;
	memset(&placement, 0, sizeof(placement));
	memset(stats, 0, sizeof(stats));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	weft_placement_clear(&placement);
	return 0;
}

static void
slot_is_found_closed_and_reused_with_another_generation(void **state)
{
	uint16_t slot = weft_placement_free_slot(&placement), gen;

	(void)state;
	assert_int_equal(slot, 1);
	weft_placement_assign(&placement, slot, "t/a");
	gen = placement.place[slot].gen;
	assert_int_equal(weft_placement_find(&placement, "t/a"), slot);
	weft_placement_withdraw(&placement, slot);
	assert_int_equal(weft_placement_find(&placement, "t/a"), 0);
	assert_int_equal(weft_placement_free_slot(&placement), 2);
	weft_placement_release(&placement, slot);
	assert_int_equal(weft_placement_free_slot(&placement), slot);
	weft_placement_assign(&placement, slot, "t/b");
	assert_int_not_equal(placement.place[slot].gen, gen);
}

static void
generation_is_never_zero(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 70000; i++) {
		weft_placement_renew(&placement, 1);
		assert_int_not_equal(placement.place[1].gen, 0);
	}
}

static void
rebalancing_evens_out_and_respects_pins(void **state)
{
	uint64_t sum[4] = { 0 };

	(void)state;
	for (uint16_t slot = 1; slot <= 40; slot++) {
		char name[16];

		snprintf(name, sizeof(name), "t/p%u", slot);
		weft_placement_assign(&placement, slot, name);
		placement.place[slot].owner = 0;
		placement.place[slot].pinned = slot == 40;
		stats[slot].rx = slot * 1000;
	}
	assert_true(weft_placement_rebalance(&placement, 4) > 20);
	for (uint16_t slot = 1; slot <= 40; slot++)
		sum[placement.place[slot].owner] += stats[slot].rx;
	assert_int_equal(placement.place[40].owner, 0);
	for (unsigned int w = 0; w < 4; w++)
		assert_in_range(sum[w], 200000, 210000);
	// Quiet since then: only what is pinned matters, and nothing is stranded.
	weft_placement_rebalance(&placement, 1);
	for (uint16_t slot = 1; slot <= 40; slot++)
		assert_true(placement.place[slot].owner < 4);
}

static void
new_port_goes_to_the_emptiest_worker(void **state)
{
	(void)state;
	weft_placement_assign(&placement, 1, "t/a");
	weft_placement_assign(&placement, 2, "t/b");
	weft_placement_own(&placement, 1, 0);
	weft_placement_own(&placement, 2, 2);
	assert_int_equal(weft_placement_least(&placement, 3), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slot_is_found_closed_and_reused_with_another_generation),
		TEST(generation_is_never_zero),
		TEST(rebalancing_evens_out_and_respects_pins),
		TEST(new_port_goes_to_the_emptiest_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

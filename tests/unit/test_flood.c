// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

#define BROADCAST UINT64_C(0xffffffffffff)
#define MULTICAST UINT64_C(0x01005e000005)

static void
broadcast_reaches_all_others_once(void **state)
{
	struct fixture *f = *state;
	unsigned int seen = 0;

	fixture_add_eth(f, 2, BROADCAST, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 3);
	for (unsigned int i = 0; i < 3; i++)
		seen |= 1u << f->sent[i].port;
	assert_int_equal(seen, 1u << 1 | 1u << 3 | 1u << 4);
	assert_int_equal(f->w->counters.port[2].created, 2);
}

static void
each_class_has_a_limit_of_its_own(void **state)
{
	const uint64_t dst[] = { BROADCAST, MULTICAST, MAC_B };
	const enum weft_drop_reason reason[] = { WEFT_DROP_FLOOD_BROADCAST, WEFT_DROP_FLOOD_MULTICAST,
		WEFT_DROP_FLOOD_UNKNOWN };
	struct fixture *f = *state;

	for (unsigned int class = 0; class < 3; class ++) {
		// A burst of five, and then nothing for a very long time.
		f->ports[1].flood[class] = (struct weft_rate){ .cost = UINT64_C(1) << 50, .burst = UINT64_C(5) << 50 };
		f->w->flood[1].spent[class] = 0;
		for (unsigned int i = 0; i < 10; i++)
			fixture_add_eth(f, 1, dst[class], MAC_A);
		f->n_sent = 0;
		f->vec.now = UINT64_C(6) << 50;
		weft_chain_run(f->w, &f->vec, false);
		assert_int_equal(f->w->counters.port[1].drop[reason[class]], 5);
		f->vec.n = 0;
		fixture_forward(f);
		assert_int_equal(f->n_sent, 15);
	}
}

// A storm of broadcasts takes nothing from ARP, nor does one of ARP from what else is sent to all.
static void
arp_has_a_limit_of_its_own(void **state)
{
	static const char *const arp =
		"ffffffffffff 525400000001 0806 0001 0800 0604 0001 525400000001 0a000001 000000000000 0a000002";
	struct fixture *f = *state;
	const struct weft_rate none = { .cost = UINT64_C(1) << 50 };

	f->ports[1].flood[WEFT_FLOOD_BROADCAST] = none;
	f->vec.now = UINT64_C(1) << 40;
	fixture_add_eth(f, 1, BROADCAST, MAC_A);
	fixture_add_hex(f, 1, arp);
	weft_chain_run(f->w, &f->vec, false);
	f->vec.n = 0;
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FLOOD_BROADCAST], 1);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FLOOD_ARP], 0);
	f->ports[1].flood[WEFT_FLOOD_BROADCAST].cost = 0;
	f->ports[1].flood[WEFT_FLOOD_ARP] = none;
	fixture_add_eth(f, 1, BROADCAST, MAC_A);
	fixture_add_hex(f, 1, arp);
	// A neighbour solicitation goes to the group of the address that it asks for.
	fixture_add_eth(f, 1, UINT64_C(0x3333ff000002), MAC_A);
	weft_chain_run(f->w, &f->vec, false);
	f->vec.n = 0;
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FLOOD_BROADCAST], 1);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FLOOD_ARP], 2);
}

static void
lonely_port_floods_to_nobody(void **state)
{
	static const uint16_t members[] = { 1 };
	struct fixture *f = *state;

	f->domains[1].n_ports = 1;
	f->domains[1].ports = members;
	fixture_add_eth(f, 1, BROADCAST, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FLOOD_EMPTY], 1);
}

static void
member_that_is_down_gets_nothing_and_is_counted(void **state)
{
	struct fixture *f = *state;

	f->ports[3].up = false;
	fixture_add_eth(f, 1, BROADCAST, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_OUT_PORT_DOWN], 1);
}

static void
full_vector_of_broadcasts_is_accounted_for(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < WEFT_VEC_SIZE; i++)
		fixture_add_eth(f, 1, BROADCAST, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 3 * WEFT_VEC_SIZE);
}

static void
copies_that_memory_does_not_allow_are_named(void **state)
{
	struct fixture *f = *state;
	struct rte_mbuf *hoard[4096];
	unsigned int n = 0;

	fixture_add_eth(f, 1, BROADCAST, MAC_A);
	while (n < RTE_DIM(hoard) && (hoard[n] = rte_pktmbuf_alloc(f->w->pool)))
		n++;
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_FLOOD_NO_MBUF], 1);
	rte_pktmbuf_free_bulk(hoard, n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(broadcast_reaches_all_others_once),
		FIXTURE_TEST(each_class_has_a_limit_of_its_own),
		FIXTURE_TEST(arp_has_a_limit_of_its_own),
		FIXTURE_TEST(lonely_port_floods_to_nobody),
		FIXTURE_TEST(member_that_is_down_gets_nothing_and_is_counted),
		FIXTURE_TEST(full_vector_of_broadcasts_is_accounted_for),
		FIXTURE_TEST(copies_that_memory_does_not_allow_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

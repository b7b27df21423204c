// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <rte_jhash.h>

#include "fixture.h"

#define BROADCAST UINT64_C(0xffffffffffff)

static uint32_t
hash_state(const struct fixture *f)
{
	const struct weft_mactab *tab = &f->w->fdb->tab;
	uint32_t h = rte_jhash(tab->buckets, (tab->mask + 1) * sizeof(tab->buckets[0]), 1);

	h = rte_jhash(f->w->fdb->count, WEFT_MAX_PORTS * sizeof(uint32_t), h);
	h = rte_jhash(f->w->flood, WEFT_MAX_PORTS * sizeof(f->w->flood[0]), h);
	h = rte_jhash(f->w->counters.port, WEFT_MAX_PORTS * sizeof(f->w->counters.port[0]), h);
	h = rte_jhash(f->w->counters.stage, sizeof(f->w->counters.stage), h);
	return rte_jhash_3words(f->w->outbox.n_dirty, f->w->dropped.n, f->n_told, h);
}

static void
dry(struct fixture *f)
{
	uint8_t before[256], *data = rte_pktmbuf_mtod(f->vec.pkts[0], uint8_t *);
	uint32_t len = RTE_MIN(f->vec.pkts[0]->pkt_len, sizeof(before)), hash = hash_state(f);

	memcpy(before, data, len);
	memset(&f->explain, 0, sizeof(f->explain));
	f->vec.dry_run = true;
	f->vec.explain = &f->explain;
	f->vec.now = UINT64_C(1) << 40;
	weft_chain_run(f->w, &f->vec, false);
	f->vec.dry_run = false;
	f->vec.explain = NULL;
	assert_int_equal(hash_state(f), hash);
	assert_memory_equal(rte_pktmbuf_mtod(f->vec.pkts[0], uint8_t *), before, len);
	assert_true(f->explain.n_steps > 0);
}

// Whatever the frame, explain says what then happens, and changes nothing.
static void
explain_changes_nothing_and_is_right(void **state)
{
	static const char *const frames[] = {
		"525400000002 525400000001 88b5 0000",		 // known destination
		"525400000009 525400000001 88b5 0000",		 // unknown
		"ffffffffffff 525400000001 88b5 0000",		 // broadcast
		"525400000002 525400000003 88b5 0000",		 // another port's MAC
		"525400000002 010000000001 88b5 0000",		 // bad source
		"525400000002 525400000001 8100 0005 88b5 0000", // tagged on an access port
		"525400000002 525400000001 0800 45",		 // truncated
		"0180c2000000 525400000001 88b5 0000",		 // control frame
		"525400000001 525400000008 88b5 0000",		 // to where it came from
	};
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_static_mac(f, 1, MAC_C, 3);
	weft_fdb_learn(f->w, weft_mac_key(1, MAC_A), 1, 1);
	f->ports[1].flood[WEFT_FLOOD_BROADCAST] = (struct weft_rate){ .cost = 100, .burst = 1000 };
	for (unsigned int i = 0; i < RTE_DIM(frames); i++) {
		uint64_t drops = fixture_drops(f, 1);

		fixture_add_hex(f, 1, frames[i]);
		dry(f);
		f->n_sent = 0;
		fixture_forward(f);
		assert_int_equal(f->n_sent, f->explain.n_outputs);
		assert_int_equal(fixture_drops(f, 1) - drops, f->explain.dropped);
		if (f->explain.dropped)
			assert_true(f->w->counters.port[1].drop[f->explain.reason] > 0);
	}
}

static void
stages_count_what_they_see(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_add_hex(f, 1, "52");
	fixture_add_eth(f, 1, BROADCAST, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->w->counters.stage[0].lanes, 3);
	assert_int_equal(f->w->counters.stage[1].lanes, 2);
	assert_int_equal(f->w->counters.stage[WEFT_N_STAGES - 1].lanes, 1);
}

static void
timed_run_does_the_same(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	weft_chain_run(f->w, &f->vec, true);
	f->vec.n = 0;
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->w->counters.stage[0].timed_lanes, 1);
	assert_true(f->w->counters.stage[0].cycles > 0);
}

// Hardware carries connections between ports of which no stage has to do anything for a packet.
static void
what_only_software_does_needs_the_chain(void **state)
{
	static const struct weft_peer peer;
	struct fixture *f = *state;
	const struct weft_port_conf plain = f->ports[1];

	assert_false(weft_chain_needed(&f->snap, 1));
	f->ports[1].tagging = WEFT_TAG_UPLINK;
	assert_false(weft_chain_needed(&f->snap, 1));
	f->snap.uplink_shared = true;
	f->snap.uplink = 1;
	assert_true(weft_chain_needed(&f->snap, 1));
	f->snap.uplink = WEFT_PORT_NONE;
	f->ports[1].tagging = WEFT_TAG_TRUNK;
	assert_true(weft_chain_needed(&f->snap, 1));
	f->ports[1] = plain;
	f->ports[1].up = false;
	assert_true(weft_chain_needed(&f->snap, 1));
	f->ports[1] = plain;
	f->ports[1].fence_all = true;
	assert_true(weft_chain_needed(&f->snap, 1));
	f->ports[1] = plain;
	f->ports[1].fence_new = true;
	assert_true(weft_chain_needed(&f->snap, 1));
	f->ports[1] = plain;
	f->ports[1].mark = 1;
	assert_true(weft_chain_needed(&f->snap, 1));
	f->ports[1] = plain;
	f->ports[1].peer = &peer;
	assert_true(weft_chain_needed(&f->snap, 1));
}

static void
every_reason_has_a_name_and_a_text(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WEFT_N_DROPS; i++) {
		assert_true(strlen(weft_drop_name(i)) > 3 && strlen(weft_drop_name(i)) < 24);
		assert_true(strlen(weft_drop_text(i)) > 10);
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(weft_drop_name(i), weft_drop_name(k));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(explain_changes_nothing_and_is_right),
		FIXTURE_TEST(stages_count_what_they_see),
		FIXTURE_TEST(timed_run_does_the_same),
		FIXTURE_TEST(what_only_software_does_needs_the_chain),
		FIXTURE_TEST(every_reason_has_a_name_and_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

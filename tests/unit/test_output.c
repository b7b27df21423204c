// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

#define HEAD "525400000002 525400000001 "

static uint16_t table[4096];

// What leaves port 2 for a frame that enters port 1.
static void
expect(struct fixture *f, const char *in, const char *out)
{
	uint8_t want[256];
	unsigned int len = fixture_hex(out, want, sizeof(want));

	f->n_sent = 0;
	fixture_add_hex(f, 1, in);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 2);
	assert_int_equal(f->sent[0].len, len);
	assert_memory_equal(f->sent[0].data, want, len);
}

static void
make_trunk(struct fixture *f, uint16_t port, uint16_t native)
{
	memset(table, 0, sizeof(table));
	table[10] = 1;
	f->domains[1].vid = 10;
	f->ports[port].tagging = WEFT_TAG_TRUNK;
	f->ports[port].native = native;
	f->ports[port].vid_domain = table;
}

static void
frames_are_tagged_as_the_destination_wants(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	expect(f, HEAD "88b5 1234", HEAD "88b5 1234");
	expect(f, HEAD "8100 6000 88b5 1234", HEAD "88b5 1234");
	make_trunk(f, 2, 0);
	expect(f, HEAD "88b5 1234", HEAD "8100 000a 88b5 1234");
	expect(f, HEAD "8100 6000 88b5 1234", HEAD "8100 600a 88b5 1234");
	f->ports[2].native = 1;
	expect(f, HEAD "88b5 1234", HEAD "88b5 1234");
	f->ports[2].native = 0;
	f->ports[2].tpid = 0x88a8;
	expect(f, HEAD "88b5 1234", HEAD "88a8 000a 88b5 1234");
	make_trunk(f, 1, 0);
	expect(f, HEAD "8100 e00a 88b5 1234", HEAD "88a8 e00a 88b5 1234");
	f->ports[2].tagging = WEFT_TAG_ACCESS;
	f->ports[2].native = 1;
	expect(f, HEAD "8100 e00a 88b5 1234", HEAD "88b5 1234");
}

// Both tags go, and the priority that counts is the one of the tag that counts.
static void
priority_tags_before_a_tag_are_taken_off(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	make_trunk(f, 1, 0);
	expect(f, HEAD "8100 2000 8100 e00a 88b5 1234", HEAD "88b5 1234");
	expect(f, HEAD "88a8 2000 8100 e00a 88b5 1234", HEAD "88b5 1234");
	make_trunk(f, 2, 0);
	expect(f, HEAD "88a8 2000 8100 e00a 88b5 1234", HEAD "8100 e00a 88b5 1234");
}

// A frame whose own tag would come to lie outside is in another VLAN for whoever gets it.
static void
tag_inside_does_not_name_another_domain(void **state)
{
	static const enum weft_tagging tagging[] = { WEFT_TAG_ACCESS, WEFT_TAG_TRUNK, WEFT_TAG_UPLINK };
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	for (unsigned int from = 0; from < 2; from++) {
		for (unsigned int i = 0; i < RTE_DIM(tagging); i++) {
			uint64_t before = f->w->counters.port[1].drop[WEFT_DROP_OUT_TAGGED];

			make_trunk(f, 1, 0);
			if (from == 0)
				f->ports[1].tagging = WEFT_TAG_QINQ;
			f->ports[1].native = from ? 0 : 1;
			f->ports[2].tagging = tagging[i];
			f->ports[2].native = 1;
			f->n_sent = 0;
			fixture_add_hex(f, 1, from ? HEAD "8100 000a 8100 0014 88b5 1234" : HEAD "8100 0014 88b5 1234");
			fixture_forward(f);
			assert_int_equal(f->n_sent, 0);
			assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_OUT_TAGGED], before + 1);
		}
	}
}

static void
service_tag_goes_around_the_guests_own(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	f->ports[1].tagging = WEFT_TAG_QINQ;
	f->ports[1].native = 1;
	make_trunk(f, 2, 0);
	f->ports[2].tpid = 0x88a8;
	expect(f, HEAD "8100 0abc 88b5 1234", HEAD "88a8 000a 8100 0abc 88b5 1234");
	f->ports[2].tagging = WEFT_TAG_QINQ;
	f->ports[2].native = 1;
	expect(f, HEAD "8100 0abc 88b5 1234", HEAD "8100 0abc 88b5 1234");
}

static void
uplink_carries_the_networks_vlan(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	f->domains[1].uplink_vid = 300;
	f->ports[2].tagging = WEFT_TAG_UPLINK;
	f->ports[2].native = 0;
	expect(f, HEAD "88b5 1234", HEAD "8100 012c 88b5 1234");
}

static void
frame_above_the_mtu_is_named(void **state)
{
	struct fixture *f = *state;
	uint8_t frame[1600] = { 0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 0x88, 0xb5 };

	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_add(f, 1, frame, 1514);
	fixture_add(f, 1, frame, 1515);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_OUT_MTU], 1);
}

static void
packet_without_headroom_for_a_tag_is_named(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	make_trunk(f, 2, 0);
	fixture_add_hex(f, 1, HEAD "88b5 1234");
	memmove((char *)f->vec.pkts[0]->buf_addr, rte_pktmbuf_mtod(f->vec.pkts[0], void *), 16);
	f->vec.pkts[0]->data_off = 0;
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_OUT_NO_ROOM], 1);
}

static void
port_of_another_worker_gets_it_by_that_worker(void **state)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_static_mac(f, 1, MAC_C, 3);
	f->ports[2].owner = 5;
	f->ports[3].owner = WEFT_OWNER_NONE;
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_add_eth(f, 1, MAC_C, MAC_A);
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[1].passed, 1);
	assert_int_equal(f->w->counters.port[1].drop[WEFT_DROP_OUT_PORT_MOVING], 1);
}

// By the port that it came from, with what was added to it, whether it is looked at alone or in a train.
static void
what_goes_to_a_shared_uplink_is_counted(void **state)
{
	static struct weft_owed owed[FIXTURE_PORTS];
	struct fixture *f = *state;

	f->w->debt.owed = owed;
	f->snap.uplink_shared = true;
	f->snap.uplink = 2;
	fixture_static_mac(f, 1, MAC_B, 2);
	fixture_add_hex(f, 1, HEAD "88b5 1234");
	fixture_add_hex(f, 1, HEAD "88b5 12345678");
	fixture_add_hex(f, 3, HEAD "8100 6000 88b5 1234");
	fixture_forward(f);
	weft_debt_settle(f->w);
	assert_int_equal(f->n_sent, 3);
	assert_int_equal(owed[1].bytes, f->sent[0].len + f->sent[1].len);
	assert_int_equal(owed[3].bytes, f->sent[2].len);
	make_trunk(f, 2, 0);
	fixture_add_hex(f, 1, HEAD "88b5 1234");
	fixture_forward(f);
	weft_debt_settle(f->w);
	assert_int_equal(owed[1].bytes, f->sent[0].len + f->sent[1].len + f->sent[3].len);
	// What goes elsewhere is not.
	f->snap.uplink = 4;
	fixture_add_hex(f, 1, HEAD "88b5 1234");
	fixture_forward(f);
	weft_debt_settle(f->w);
	assert_int_equal(f->n_sent, 5);
	assert_int_equal(owed[1].bytes, f->sent[0].len + f->sent[1].len + f->sent[3].len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(frames_are_tagged_as_the_destination_wants),
		FIXTURE_TEST(priority_tags_before_a_tag_are_taken_off),
		FIXTURE_TEST(tag_inside_does_not_name_another_domain),
		FIXTURE_TEST(service_tag_goes_around_the_guests_own),
		FIXTURE_TEST(uplink_carries_the_networks_vlan),
		FIXTURE_TEST(frame_above_the_mtu_is_named),
		FIXTURE_TEST(packet_without_headroom_for_a_tag_is_named),
		FIXTURE_TEST(port_of_another_worker_gets_it_by_that_worker),
		FIXTURE_TEST(what_goes_to_a_shared_uplink_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

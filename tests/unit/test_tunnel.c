// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "underlay.h"
#include "pipeline/overlay/underlay.h"

static void
frames_come_out_as_they_went_in(void **state)
{
	struct fixture *f = *state;

	for (unsigned int len = 14; len <= 78; len++) {
		uint8_t frame[128], wire[128];

		frame_of(frame, MAC_B, MAC_A, len);
		fixture_add(f, 1, frame, len);
		fixture_forward(f);
		assert_int_equal(f->n_sent, 1);
		assert_int_equal(f->sent[0].port, UPLINK);
		assert_int_equal(f->sent[0].len, len + OVERHEAD);
		assert_memory_equal(f->sent[0].data + OVERHEAD, frame, len);
		memcpy(wire, f->sent[0].data, f->sent[0].len);
		turn_round(wire);
		f->n_sent = 0;
		// The other host's guest, with the same payload.
		frame_of(wire + OVERHEAD, MAC_A, MAC_B, len);
		frame_of(frame, MAC_A, MAC_B, len);
		fixture_add(f, UPLINK, wire, len + OVERHEAD);
		fixture_forward(f);
		assert_int_equal(f->n_sent, 1);
		assert_int_equal(f->sent[0].port, 1);
		assert_int_equal(f->sent[0].len, len);
		assert_memory_equal(f->sent[0].data, frame, len);
		f->n_sent = 0;
	}
}

static void
cut_anywhere_it_is_dropped_by_name(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[160];

	from_peer(f, wire);
	for (unsigned int len = 1; len < 110; len++) {
		fixture_add(f, UPLINK, wire, len);
		fixture_forward(f);
		assert_int_equal(f->n_sent, 0);
		assert_int_equal(fixture_drops(f, UPLINK), len);
	}
}

// Behind the datagram an Ethernet frame may be padded.
static void
padding_is_cut_off(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[160] = { 0 };

	from_peer(f, wire);
	fixture_add(f, UPLINK, wire, 120);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].len, 60);
}

// A switch between the hosts may add a priority; a VLAN of its own it may not.
static void
priority_tag_outside_is_no_tag(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[164];

	for (unsigned int vid = 0; vid < 2; vid++) {
		unsigned int len = from_peer(f, wire);

		memmove(wire + 16, wire + 12, len - 12);
		memcpy(wire + 12, (const uint8_t[]){ 0x81, 0x00, 0x60, (uint8_t)vid }, 4);
		fixture_add(f, UPLINK, wire, len + 4);
		fixture_forward(f);
		assert_int_equal(f->n_sent, vid ? 0 : 1);
		f->n_sent = 0;
	}
}

static void
fragments_are_named(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[160];

	from_peer(f, wire);
	wire[20] = 0x20; // more fragments
	fixture_add(f, UPLINK, wire, 110);
	wire[20] = 0;
	wire[21] = 4; // a later one
	fixture_add(f, UPLINK, wire, 110);
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_TUNNEL_FRAGMENT), 2);
}

static void
one_host_does_not_reach_another_through_here(void **state)
{
	struct fixture *f = *state;
	struct weft_peer third = peer;
	uint8_t wire[160];

	third.address = weft_ip4(rte_cpu_to_be_32(0xc0000203));
	f->ports[7] = f->ports[PEER];
	f->ports[7].peer = &third;
	enter(f, weft_mac_key(1, MAC_C), 7);
	from_peer(f, wire);
	frame_of(wire + OVERHEAD, MAC_C, MAC_B, 60);
	fixture_add(f, UPLINK, wire, 110);
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_FWD_TUNNEL), 1);
	// Nor by flooding: ports 1 and 2 get it.
	frame_of(wire + OVERHEAD, UINT64_C(0xffffffffffff), MAC_B, 60);
	fixture_add(f, UPLINK, wire, 110);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2);
	for (unsigned int i = 0; i < 2; i++)
		assert_in_range(f->sent[i].port, 1, 2);
}

static void
tags_inside_name_vlans_of_the_network(void **state)
{
	struct fixture *f = *state;
	static const uint16_t tagged_members[] = { 3, PEER };
	const uint8_t tag[] = { 0x81, 0x00, 0x60, 0x0a };
	uint8_t frame[64], wire[114];

	f->ports[3].native = 2;
	f->domains[2] = (struct weft_domain){ .vid = 10,
		.tunnel = WEFT_TUNNEL_GENEVE,
		.vni = VNI,
		.mtu = 1500,
		.n_ports = 2,
		.ports = tagged_members,
		.name = "test/net.10" };
	enter(f, weft_tunnel_key(WEFT_TUNNEL_GENEVE, VNI, 10), 2);
	enter(f, weft_mac_key(2, MAC_B), PEER);
	enter(f, weft_mac_key(2, MAC_C), 3);
	fixture_add(f, 3, frame, frame_of(frame, MAC_B, MAC_C, 60));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].len, 64 + OVERHEAD);
	assert_memory_equal(f->sent[0].data + OVERHEAD + 12, "\x81\x00\x00\x0a", 4);
	memcpy(wire, f->sent[0].data, sizeof(wire));
	turn_round(wire);
	frame_of(wire + OVERHEAD, MAC_C, MAC_B, 64);
	memcpy(wire + OVERHEAD + 12, tag, sizeof(tag));
	f->n_sent = 0;
	fixture_add(f, UPLINK, wire, sizeof(wire));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 3);
	assert_int_equal(f->sent[0].len, 60);
	wire[OVERHEAD + 15] = 11;
	fixture_add(f, UPLINK, wire, sizeof(wire));
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_TUNNEL_NETWORK), 1);
}

static void
arp_is_answered_where_it_is_asked(void **state)
{
	struct fixture *f = *state;
	// 10.0.0.1 at MAC_A asks for 10.0.0.2, tagged with a priority.
	uint8_t question[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 1, 0x81, 0, 0x60, 0, 8, 6, 0, 1,
		8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
	const uint8_t answer[] = { 0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 2, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 0x52,
		0x54, 0, 0, 0, 2, 10, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 10, 0, 0, 1 };
	struct weft_mac_entry *owner = underlay_own(f, weft_ip4(rte_cpu_to_be_32(0x0a000002)), PEER);

	fixture_add(f, 1, question, sizeof(question));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 1);
	assert_int_equal(f->sent[0].len, sizeof(answer));
	assert_memory_equal(f->sent[0].data, answer, sizeof(answer));
	f->n_sent = 0;
	// About another address: to all, the other host too.
	question[sizeof(question) - 1] = 3;
	fixture_add(f, 1, question, sizeof(question));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2);
	f->n_sent = 0;
	// About its own, which tells the others.
	question[sizeof(question) - 1] = 2;
	owner->port = 1;
	fixture_add(f, 1, question, sizeof(question));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2);
}

static void
without_a_next_hop_the_drop_has_a_name(void **state)
{
	struct fixture *f = *state;
	uint8_t frame[60];

	// Another's than the one that is wanted now.
	peer.hop_number = rte_cpu_to_be_32(0xc00002fe);
	fixture_add(f, 1, frame, frame_of(frame, MAC_B, MAC_A, sizeof(frame)));
	fixture_forward(f);
	assert_int_equal(dropped(f, 1, WEFT_DROP_OUT_NO_NEIGHBOUR), 1);
	assert_int_equal(f->n_sent, 0);
}

static void
next_hops_are_asked_for_and_forgotten(void **state)
{
	struct fixture *f = *state;
	const uint8_t answer[] = { 0x02, 0xaa, 0, 0, 0, 1, 0x02, 0xbb, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 0x02,
		0xbb, 0, 0, 0, 9, 192, 0, 2, 2, 0x02, 0xaa, 0, 0, 0, 1, 192, 0, 2, 1 };

	f->w->overlay.underlay = UPLINK;
	f->w->clock = 20;
	atomic_store(&f->w->overlay.neighbour[PEER].heard, 0);
	weft_underlay_sweep(f->w);
	assert_int_equal(f->w->outbox.port[UPLINK].n, 0);
	f->w->clock = 30;
	weft_underlay_sweep(f->w);
	f->w->outbox.flush_port(f->w, UPLINK);
	assert_int_equal(f->n_sent, 1);
	assert_memory_equal(f->sent[0].data, "\xff\xff\xff\xff\xff\xff\x02\xaa\0\0\0\1\x08\x06\0\1\x08\0\6\4\0\1", 22);
	f->n_sent = 0;
	fixture_add(f, UPLINK, answer, sizeof(answer));
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[UPLINK].taken, 1);
	assert_int_equal(atomic_load(&f->w->overlay.neighbour[PEER].mac), UINT64_C(0x02bb00000009));
	f->w->clock = 150;
	weft_underlay_sweep(f->w);
	f->w->outbox.flush_port(f->w, UPLINK);
	assert_int_equal(atomic_load(&f->w->overlay.neighbour[PEER].mac), 0);
	f->n_sent = 0;
}

// RFC 8926, 3.4 and 3.5.
static void
geneve_options(void **state __rte_unused)
{
	struct weft_outer outer;
	uint8_t p[24] = { 0x02, 0, 0x65, 0x58, 0x01, 0x11, 0x71, 0, 0x01, 0x00, 0x01, 0x01 };

	assert_int_equal(weft_outer_parse(p, sizeof(p), WEFT_GENEVE_PORT, &outer), -1);
	assert_int_equal(outer.size, 16);
	assert_int_equal(outer.vni, 70001);
	p[10] = 0x81; // critical
	assert_int_equal(weft_outer_parse(p, sizeof(p), WEFT_GENEVE_PORT, &outer), WEFT_DROP_TUNNEL_OPTION);
	p[10] = 0x01;
	p[11] = 2; // longer than all options
	assert_int_equal(weft_outer_parse(p, sizeof(p), WEFT_GENEVE_PORT, &outer), WEFT_DROP_TUNNEL_HEADER);
	p[11] = 0; // and then a word that is an option itself
	assert_int_equal(weft_outer_parse(p, sizeof(p), WEFT_GENEVE_PORT, &outer), -1);
	assert_int_equal(weft_outer_parse(p, 15, WEFT_GENEVE_PORT, &outer), WEFT_DROP_TUNNEL_HEADER);
	p[1] = 0x80; // control
	assert_int_equal(weft_outer_parse(p, sizeof(p), WEFT_GENEVE_PORT, &outer), WEFT_DROP_TUNNEL_HEADER);
}

static void
explain_says_which_network_and_host(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[160];

	from_peer(f, wire);
	fixture_add(f, UPLINK, wire, 110);
	f->vec.explain = &f->explain;
	f->vec.dry_run = true;
	fixture_run(f, "output");
	assert_string_equal(f->explain.step[1].text, "Geneve, network 70001, from host b");
	f->vec.explain = NULL;
	f->vec.dry_run = false;
	fixture_reset(f);
}

// A UDP datagram to MAC_B: what its FLOW is, its last port or an address says.
static unsigned int
datagram(uint8_t frame[60], uint32_t flow, bool by_address)
{
	const uint8_t head[] = { 0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 46, 0, 0, 0x40, 0,
		64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 53, 0, 26, 0, 0 };
	uint8_t *at = frame + (by_address ? 32 : 34);

	memset(frame, 0, 60);
	memcpy(frame, head, sizeof(head));
	at[0] = (uint8_t)(flow >> 8);
	at[1] = (uint8_t)flow;
	return 60;
}

// What spreads flows over paths takes some bits of a hash over the outer headers: of two flows that differ little, the
// source ports differ in all bits alike.
static void
flows_spread_over_paths(void **state)
{
	enum { FLOWS = 4096 };
	struct fixture *f = *state;
	static bool seen[65536];

	for (unsigned int by_address = 0; by_address < 2; by_address++) {
		unsigned int distinct = 0, paths[4][16] = { 0 };

		memset(seen, 0, sizeof(seen));
		for (uint32_t flow = 0; flow < FLOWS; flow++) {
			uint8_t frame[60];
			uint16_t port;

			fixture_add(f, 1, frame, datagram(frame, flow, by_address));
			fixture_forward(f);
			assert_int_equal(f->n_sent, 1);
			port = (uint16_t)(f->sent[0].data[34] << 8 | f->sent[0].data[35]);
			f->n_sent = 0;
			distinct += !seen[port];
			seen[port] = true;
			// Sixteen paths by its low bits, its high ones, a remainder, and both its bytes.
			paths[0][port & 15]++;
			paths[1][port >> 10 & 15]++;
			paths[2][port % 13]++;
			paths[3][(port ^ port >> 8) & 15]++;
		}
		// Of 16,384 ports 4,096 flows would take 3,624 by chance.
		assert_in_range(distinct, 3500, FLOWS);
		for (unsigned int k = 0; k < 4; k++) {
			unsigned int n = k == 2 ? 13 : 16;

			for (unsigned int p = 0; p < n; p++)
				assert_in_range(paths[k][p], FLOWS / n * 7 / 10, FLOWS / n * 13 / 10);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNDERLAY_TEST(frames_come_out_as_they_went_in),
		UNDERLAY_TEST(cut_anywhere_it_is_dropped_by_name),
		UNDERLAY_TEST(padding_is_cut_off),
		UNDERLAY_TEST(priority_tag_outside_is_no_tag),
		UNDERLAY_TEST(fragments_are_named),
		UNDERLAY_TEST(one_host_does_not_reach_another_through_here),
		UNDERLAY_TEST(tags_inside_name_vlans_of_the_network),
		UNDERLAY_TEST(arp_is_answered_where_it_is_asked),
		UNDERLAY_TEST(without_a_next_hop_the_drop_has_a_name),
		UNDERLAY_TEST(next_hops_are_asked_for_and_forgotten),
		UNDERLAY_TEST(explain_says_which_network_and_host),
		UNDERLAY_TEST(flows_spread_over_paths),
		cmocka_unit_test(geneve_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

#define UPLINK 5
#define PEER   6
#define VNI    70001

#define OUR_MAC UINT64_C(0x02aa00000001)
#define HOP_MAC UINT64_C(0x02aa00000002)

static struct weft_underlay *underlay;
static struct weft_peer peer;
static uint16_t members[] = { 1, 2, PEER };

static void
enter(struct fixture *f, uint64_t key, uint16_t number)
{
	struct weft_mac_entry *way = weft_mactab_free_way(&f->snap.static_macs, key);

	assert_non_null(way);
	*way = (struct weft_mac_entry){ .key = key, .port = number, .gen = 1 };
}

// Ports 1 and 2 here, MAC_B on another host, behind port 5, which is the uplink.
static int
setup(void **state)
{
	int ret = fixture_setup(state);
	struct fixture *f = *state;

	underlay = calloc(1, sizeof(*underlay) + sizeof(underlay->peer[0]));
	underlay->address = rte_cpu_to_be_32(0xc0000201);
	underlay->n_peers = 1;
	underlay->peer[0] = PEER;
	peer = (struct weft_peer){
		.address = rte_cpu_to_be_32(0xc0000202), .hop = rte_cpu_to_be_32(0xc0000202), .uplink = UPLINK
	};
	weft_peer_init(&peer, underlay->address);
	f->ports[UPLINK] = (struct weft_port_conf){ .gen = 1,
		.tagging = WEFT_TAG_UPLINK,
		.mtu = 1550,
		.up = true,
		.max_macs = 64,
		.name = "test/up",
		.underlay = underlay };
	f->ports[PEER] = (struct weft_port_conf){ .gen = 1,
		.tagging = WEFT_TAG_PEER,
		.tpid = 0x8100,
		.owner = WEFT_OWNER_NONE,
		.mtu = WEFT_MTU_MAX,
		.up = true,
		.max_macs = 64,
		.name = "@b",
		.peer = &peer };
	f->snap.underlay = UPLINK;
	f->domains[1].tunnel = WEFT_TUNNEL_GENEVE;
	f->domains[1].vni = VNI;
	f->domains[1].ports = members;
	f->domains[1].n_ports = 3;
	enter(f, weft_tunnel_key(WEFT_TUNNEL_GENEVE, VNI, 0), 1);
	enter(f, weft_peer_key(peer.address), PEER);
	enter(f, weft_mac_key(1, MAC_B), PEER);
	atomic_store(&f->w->neighbour[PEER].mac, HOP_MAC);
	atomic_store(&f->w->neighbour[PEER].hop, peer.hop);
	atomic_store((_Atomic uint64_t *)(uintptr_t)&f->w->mac[UPLINK], OUR_MAC);
	return ret;
}

static int
teardown(void **state)
{
	int ret = fixture_teardown(state);

	free(underlay);
	return ret;
}

static uint64_t
dropped(const struct fixture *f, uint16_t port, enum weft_drop_reason reason)
{
	return f->w->stats[port].drop[reason];
}

// An Ethernet frame of LEN bytes from MAC_A to MAC_B.
static unsigned int
frame_of(uint8_t *frame, uint64_t dst, uint64_t src, unsigned int len)
{
	memset(frame, 0x5a, len);
	for (unsigned int i = 0; i < 6; i++) {
		frame[i] = (uint8_t)(dst >> (40 - 8 * i));
		frame[6 + i] = (uint8_t)(src >> (40 - 8 * i));
	}
	frame[12] = 0x88;
	frame[13] = 0xb5;
	return len;
}

// Makes what was sent to the other host what that would have sent here.
static void
turn_round(uint8_t *frame)
{
	uint8_t address[4];

	memcpy(address, frame + 26, 4);
	memcpy(frame + 26, frame + 30, 4);
	memcpy(frame + 30, address, 4);
}

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
		assert_int_equal(f->sent[0].len, len + WEFT_TUNNEL_OVERHEAD);
		assert_memory_equal(f->sent[0].data + WEFT_TUNNEL_OVERHEAD, frame, len);
		memcpy(wire, f->sent[0].data, f->sent[0].len);
		turn_round(wire);
		f->n_sent = 0;
		// The other host's guest, with the same payload.
		frame_of(wire + WEFT_TUNNEL_OVERHEAD, MAC_A, MAC_B, len);
		frame_of(frame, MAC_A, MAC_B, len);
		fixture_add(f, UPLINK, wire, len + WEFT_TUNNEL_OVERHEAD);
		fixture_forward(f);
		assert_int_equal(f->n_sent, 1);
		assert_int_equal(f->sent[0].port, 1);
		assert_int_equal(f->sent[0].len, len);
		assert_memory_equal(f->sent[0].data, frame, len);
		f->n_sent = 0;
	}
}

// A frame of 60 bytes as the other host sends it.
static void
from_peer(struct fixture *f, uint8_t wire[110])
{
	uint8_t frame[60];

	fixture_add(f, 1, frame, frame_of(frame, MAC_B, MAC_A, sizeof(frame)));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	memcpy(wire, f->sent[0].data, 110);
	turn_round(wire);
	frame_of(wire + WEFT_TUNNEL_OVERHEAD, MAC_A, MAC_B, 60);
	f->n_sent = 0;
}

static void
cut_anywhere_it_is_dropped_by_name(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[110];

	from_peer(f, wire);
	for (unsigned int len = 1; len < sizeof(wire); len++) {
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
	uint8_t wire[120] = { 0 };

	from_peer(f, wire);
	fixture_add(f, UPLINK, wire, sizeof(wire));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].len, 60);
}

static void
fragments_are_named(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[110];

	from_peer(f, wire);
	wire[20] = 0x20; // more fragments
	fixture_add(f, UPLINK, wire, sizeof(wire));
	wire[20] = 0;
	wire[21] = 4; // a later one
	fixture_add(f, UPLINK, wire, sizeof(wire));
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_TUNNEL_FRAGMENT), 2);
}

static void
one_host_does_not_reach_another_through_here(void **state)
{
	struct fixture *f = *state;
	struct weft_peer third = peer;
	uint8_t wire[110];

	third.address = rte_cpu_to_be_32(0xc0000203);
	f->ports[7] = f->ports[PEER];
	f->ports[7].peer = &third;
	enter(f, weft_mac_key(1, MAC_C), 7);
	from_peer(f, wire);
	frame_of(wire + WEFT_TUNNEL_OVERHEAD, MAC_C, MAC_B, 60);
	fixture_add(f, UPLINK, wire, sizeof(wire));
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_FWD_TUNNEL), 1);
	// Nor by flooding: ports 1 and 2 get it.
	frame_of(wire + WEFT_TUNNEL_OVERHEAD, UINT64_C(0xffffffffffff), MAC_B, 60);
	fixture_add(f, UPLINK, wire, sizeof(wire));
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
		.n_ports = 2,
		.ports = tagged_members,
		.name = "test/net.10" };
	enter(f, weft_tunnel_key(WEFT_TUNNEL_GENEVE, VNI, 10), 2);
	enter(f, weft_mac_key(2, MAC_B), PEER);
	enter(f, weft_mac_key(2, MAC_C), 3);
	fixture_add(f, 3, frame, frame_of(frame, MAC_B, MAC_C, 60));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].len, 64 + WEFT_TUNNEL_OVERHEAD);
	assert_memory_equal(f->sent[0].data + WEFT_TUNNEL_OVERHEAD + 12, "\x81\x00\x00\x0a", 4);
	memcpy(wire, f->sent[0].data, sizeof(wire));
	turn_round(wire);
	frame_of(wire + WEFT_TUNNEL_OVERHEAD, MAC_C, MAC_B, 64);
	memcpy(wire + WEFT_TUNNEL_OVERHEAD + 12, tag, sizeof(tag));
	f->n_sent = 0;
	fixture_add(f, UPLINK, wire, sizeof(wire));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 3);
	assert_int_equal(f->sent[0].len, 60);
	wire[WEFT_TUNNEL_OVERHEAD + 15] = 11;
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
	uint64_t key = weft_arp_key(1, rte_cpu_to_be_32(0x0a000002));
	struct weft_mac_entry *way = weft_mactab_free_way(&f->snap.static_macs, key);

	*way = (struct weft_mac_entry){
		.key = key, .port = PEER, .gen = (uint16_t)(MAC_B >> 32), .seen = (uint32_t)MAC_B
	};
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
	way->port = 1;
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
	peer.hop = rte_cpu_to_be_32(0xc00002fe);
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

	f->w->clock = 20;
	atomic_store(&f->w->neighbour[PEER].heard, 0);
	weft_underlay_sweep(f->w);
	assert_int_equal(f->w->port_out[UPLINK].n, 0);
	f->w->clock = 30;
	weft_underlay_sweep(f->w);
	f->w->flush_port(f->w, UPLINK);
	assert_int_equal(f->n_sent, 1);
	assert_memory_equal(f->sent[0].data, "\xff\xff\xff\xff\xff\xff\x02\xaa\0\0\0\1\x08\x06\0\1\x08\0\6\4\0\1", 22);
	f->n_sent = 0;
	fixture_add(f, UPLINK, answer, sizeof(answer));
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_UNDERLAY_ARP), 1);
	assert_int_equal(atomic_load(&f->w->neighbour[PEER].mac), UINT64_C(0x02bb00000009));
	f->w->clock = 150;
	weft_underlay_sweep(f->w);
	f->w->flush_port(f->w, UPLINK);
	assert_int_equal(atomic_load(&f->w->neighbour[PEER].mac), 0);
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
	uint8_t wire[110];

	from_peer(f, wire);
	fixture_add(f, UPLINK, wire, sizeof(wire));
	f->vec.explain = &f->explain;
	f->vec.dry_run = true;
	fixture_run(f, "output");
	assert_string_equal(f->explain.step[1].text, "Geneve, network 70001, from host b");
	f->vec.explain = NULL;
	f->vec.dry_run = false;
	fixture_reset(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_come_out_as_they_went_in, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_anywhere_it_is_dropped_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(padding_is_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_are_named, setup, teardown),
		cmocka_unit_test_setup_teardown(one_host_does_not_reach_another_through_here, setup, teardown),
		cmocka_unit_test_setup_teardown(tags_inside_name_vlans_of_the_network, setup, teardown),
		cmocka_unit_test_setup_teardown(arp_is_answered_where_it_is_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_next_hop_the_drop_has_a_name, setup, teardown),
		cmocka_unit_test_setup_teardown(next_hops_are_asked_for_and_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(explain_says_which_network_and_host, setup, teardown),
		cmocka_unit_test(geneve_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Tunnels over IPv6, UDP's checksums, neighbours by ARP and neighbour discovery, gateways.
#include "underlay.h"

#include <rte_ip.h>
#include "pipeline/overlay/underlay.h"

static const uint8_t here6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
		     there6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };

static void
over_ipv6(struct fixture *f)
{
	underlay_between(f, weft_ip6(here6), weft_ip6(there6));
	underlay->zero_checksum = true;
}

static void
frames_pass_over_ipv6(void **state)
{
	struct fixture *f = *state;

	over_ipv6(f);
	for (unsigned int checksum = 0; checksum < 2; checksum++) {
		uint8_t wire[160];
		unsigned int len;
		const struct rte_ipv6_hdr *ip = (const void *)(wire + 14);

		peer.checksum = checksum;
		len = from_peer(f, wire);
		assert_int_equal(len, 60 + WEFT_OUTER_IPV6 + WEFT_TUNNEL_BASE);
		assert_memory_equal(wire + 22, there6, 16);
		assert_memory_equal(wire + 38, here6, 16);
		assert_int_equal(rte_be_to_cpu_16(ip->payload_len), len - 54);
		assert_int_equal(!checksum, !(wire[60] | wire[61]));
		// Addresses were exchanged, inside too: the sum is the same.
		fixture_add(f, UPLINK, wire, len);
		wire[len - 1] ^= 1;
		fixture_add(f, UPLINK, wire, len);
		fixture_forward(f);
		assert_int_equal(dropped(f, UPLINK, WEFT_DROP_TUNNEL_CHECKSUM), checksum);
		assert_int_equal(f->n_sent, 2 - checksum);
		f->n_sent = 0;
	}
}

static void
without_a_checksum_ipv6_is_refused_unless_it_is_allowed(void **state)
{
	struct fixture *f = *state;
	uint8_t wire[160];
	unsigned int len;

	over_ipv6(f);
	underlay->zero_checksum = false;
	len = from_peer(f, wire);
	fixture_add(f, UPLINK, wire, len);
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_TUNNEL_CHECKSUM), 1);
	// With one that is right.
	memset(wire + 60, 0, 2);
	memcpy(wire + 60, &(uint16_t){ rte_ipv6_udptcp_cksum((const void *)(wire + 14), wire + 54) }, 2);
	fixture_add(f, UPLINK, wire, len);
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
}

// Every length, as sums are made of words.
static void
checksums_that_are_sent_are_right(void **state)
{
	struct fixture *f = *state;

	peer.checksum = true;
	for (unsigned int len = 14; len < 70; len++) {
		uint8_t frame[128];

		fixture_add(f, 1, frame, frame_of(frame, MAC_B, MAC_A, len));
		fixture_forward(f);
		assert_int_equal(f->n_sent, 1);
		assert_int_equal(
			rte_ipv4_udptcp_cksum_verify((const void *)(f->sent[0].data + 14), f->sent[0].data + 34), 0);
		// And taken, until a bit of it is another.
		turn_round(f->sent[0].data);
		frame_of(f->sent[0].data + OVERHEAD, MAC_B, MAC_A, len);
		memcpy(frame, f->sent[0].data, len + OVERHEAD);
		f->n_sent = 0;
		fixture_add(f, UPLINK, frame, len + OVERHEAD);
		frame[OVERHEAD + len / 2] ^= 4;
		fixture_add(f, UPLINK, frame, len + OVERHEAD);
		fixture_forward(f);
		assert_int_equal(dropped(f, UPLINK, WEFT_DROP_TUNNEL_CHECKSUM), len - 13);
		f->n_sent = 0;
	}
}

// A neighbour solicitation from MAC_A, fd00::1, for fd00::2; with a right checksum.
static unsigned int
solicitation(uint8_t frame[86])
{
	const uint8_t head[] = { 0x33, 0x33, 0xff, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 32,
		58, 255, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff,
		0, 0, 2, 135, 0, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1, 0x52, 0x54,
		0, 0, 0, 1 };

	static_assert(sizeof(head) == 86, "with an option");
	memcpy(frame, head, sizeof(head));
	memcpy(frame + 56, &(uint16_t){ rte_ipv6_udptcp_cksum((const void *)(frame + 14), frame + 54) }, 2);
	return sizeof(head);
}

static void
solicitations_are_answered_where_they_are_sent(void **state)
{
	struct fixture *f = *state;
	uint8_t target[16] = { 0xfd, [15] = 2 }, frame[86];
	struct weft_mac_entry *owner = underlay_own(f, weft_ip6(target), PEER);

	fixture_add(f, 1, frame, solicitation(frame));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 1);
	assert_int_equal(f->sent[0].len, 86);
	assert_memory_equal(f->sent[0].data, "\x52\x54\0\0\0\1\x52\x54\0\0\0\2\x86\xdd", 14);
	assert_memory_equal(f->sent[0].data + 22, target, 16); // from the target
	assert_int_equal(f->sent[0].data[54], 136);
	assert_int_equal(f->sent[0].data[58], 0x60); // solicited, override
	assert_memory_equal(f->sent[0].data + 62, target, 16);
	assert_memory_equal(f->sent[0].data + 78, "\2\1\x52\x54\0\0\0\2", 8);
	assert_int_equal(rte_ipv6_udptcp_cksum_verify((const void *)(f->sent[0].data + 14), f->sent[0].data + 54), 0);
	f->n_sent = 0;
	// A wrong checksum, a hop limit that says that it came from afar: not answered, to all.
	solicitation(frame);
	frame[57] ^= 1;
	fixture_add(f, 1, frame, sizeof(frame));
	solicitation(frame);
	frame[21] = 254;
	fixture_add(f, 1, frame, sizeof(frame));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 4);
	f->n_sent = 0;
	// Its own address, which tells the others.
	owner->port = 1;
	fixture_add(f, 1, frame, solicitation(frame));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2);
}

static void
next_hops_are_asked_for_by_neighbour_discovery(void **state)
{
	struct fixture *f = *state;
	uint8_t frame[86] = { 0 };

	over_ipv6(f);
	f->w->overlay.underlay = UPLINK;
	atomic_store(&f->w->overlay.neighbour[PEER].mac, 0);
	weft_underlay_sweep(f->w);
	f->w->outbox.flush_port(f->w, UPLINK);
	assert_int_equal(f->n_sent, 1);
	memcpy(frame, f->sent[0].data, sizeof(frame));
	assert_memory_equal(frame, "\x33\x33\xff\0\0\2\x02\xaa\0\0\0\1\x86\xdd", 14);
	assert_int_equal(rte_ipv6_udptcp_cksum_verify((const void *)(frame + 14), frame + 54), 0);
	assert_memory_equal(frame + 62, there6, 16);
	f->n_sent = 0;
	// The answer: from the target, to us.
	memcpy(frame, "\x02\xaa\0\0\0\1\x02\xbb\0\0\0\x09", 12);
	memcpy(frame + 22, there6, 16);
	memcpy(frame + 38, here6, 16);
	frame[54] = 136;
	frame[58] = 0x60;
	memcpy(frame + 78, "\2\1\x02\xbb\0\0\0\x09", 8);
	memset(frame + 56, 0, 2);
	memcpy(frame + 56, &(uint16_t){ rte_ipv6_udptcp_cksum((const void *)(frame + 14), frame + 54) }, 2);
	fixture_add(f, UPLINK, frame, sizeof(frame));
	fixture_forward(f);
	assert_int_equal(f->w->counters.port[UPLINK].taken, 1);
	assert_int_equal(atomic_load(&f->w->overlay.neighbour[PEER].mac), UINT64_C(0x02bb00000009));
}

static void
an_uplink_that_stands_by_says_nothing_and_takes_tunnels(void **state)
{
	struct fixture *f = *state;
	const uint8_t question[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0xcc, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0,
		1, 2, 0xcc, 0, 0, 0, 1, 192, 0, 2, 2, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1 };
	uint8_t wire[160];
	unsigned int len = from_peer(f, wire);

	f->ports[7] = f->ports[UPLINK];
	f->ports[7].up = false;
	f->ports[7].closed = WEFT_CLOSED_STANDBY;
	fixture_add(f, 7, question, sizeof(question));
	fixture_add(f, 7, wire, len);
	fixture_forward(f);
	assert_int_equal(dropped(f, 7, WEFT_DROP_PORT_STANDBY), 1);
	assert_int_equal(atomic_load(&f->w->overlay.neighbour[PEER].mac), HOP_MAC);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, 1);
}

static void
what_nobody_has_goes_to_the_gateway(void **state)
{
	struct fixture *f = *state;
	uint8_t frame[60];

	f->domains[1].learning = false;
	fixture_add(f, 1, frame, frame_of(frame, MAC_C, MAC_A, sizeof(frame)));
	fixture_forward(f);
	assert_int_equal(dropped(f, 1, WEFT_DROP_FWD_UNKNOWN), 1);
	f->domains[1].gateway = PEER;
	fixture_add(f, 1, frame, frame_of(frame, MAC_C, MAC_A, sizeof(frame)));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].len, 60 + OVERHEAD);
	f->n_sent = 0;
	// Here it is the uplink, by the VLAN that it has there.
	f->domains[1].gateway = UPLINK;
	f->domains[1].uplink_vid = 100;
	fixture_add(f, 1, frame, frame_of(frame, MAC_C, MAC_A, sizeof(frame)));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, UPLINK);
	assert_memory_equal(f->sent[0].data + 12, "\x81\0\0\x64\x88\xb5", 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNDERLAY_TEST(frames_pass_over_ipv6),
		UNDERLAY_TEST(without_a_checksum_ipv6_is_refused_unless_it_is_allowed),
		UNDERLAY_TEST(checksums_that_are_sent_are_right),
		UNDERLAY_TEST(solicitations_are_answered_where_they_are_sent),
		UNDERLAY_TEST(next_hops_are_asked_for_by_neighbour_discovery),
		UNDERLAY_TEST(an_uplink_that_stands_by_says_nothing_and_takes_tunnels),
		UNDERLAY_TEST(what_nobody_has_goes_to_the_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

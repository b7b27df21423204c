// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host with tunnels for tests: ports 1 and 2 here, MAC_B on another host, which is behind the uplink.
#pragma once

#include "fixture.h"

#define UPLINK 5
#define PEER   6
#define VNI    70001

#define OUR_MAC UINT64_C(0x02aa00000001)
#define HOP_MAC UINT64_C(0x02aa00000002)

#define OVERHEAD (WEFT_OUTER_IPV4 + WEFT_TUNNEL_BASE)

static struct weft_underlay *underlay;
static struct weft_peer peer;

static inline void
enter(struct fixture *f, uint64_t key, uint16_t number)
{
	struct weft_mac_entry *way = weft_mactab_free_way(&f->snap.static_macs, key);

	assert_non_null(way);
	*way = (struct weft_mac_entry){ .key = key, .port = number, .gen = 1 };
}

// The addresses of both ends.
static inline void
underlay_between(struct fixture *f, struct weft_ip here, struct weft_ip there)
{
	underlay->address = here;
	peer.address = peer.hop = there;
	weft_peer_init(&peer, &here);
	enter(f, weft_peer_key(&peer.address), PEER);
	atomic_store(&f->w->overlay.neighbour[PEER].mac, HOP_MAC);
	atomic_store(&f->w->overlay.neighbour[PEER].hop, peer.hop_number);
}

static inline int
underlay_setup(void **state)
{
	static uint16_t members[] = { 1, 2, PEER };
	int ret = fixture_setup(state);
	struct fixture *f = *state;

	underlay = calloc(1, sizeof(*underlay) + sizeof(underlay->peer[0]));
	underlay->n_peers = 1;
	underlay->peer[0] = PEER;
	peer = (struct weft_peer){ .uplink = UPLINK };
	underlay_between(f, weft_ip4(rte_cpu_to_be_32(0xc0000201)), weft_ip4(rte_cpu_to_be_32(0xc0000202)));
	f->ports[UPLINK] = (struct weft_port_conf){ .gen = 1,
		.tagging = WEFT_TAG_UPLINK,
		.tpid = 0x8100,
		.mtu = 1600,
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
	f->domains[1].mtu = 1500;
	f->domains[1].ports = members;
	f->domains[1].n_ports = 3;
	enter(f, weft_tunnel_key(WEFT_TUNNEL_GENEVE, VNI, 0), 1);
	enter(f, weft_mac_key(1, MAC_B), PEER);
	atomic_store((_Atomic uint64_t *)(uintptr_t)&f->w->overlay.mac[UPLINK], OUR_MAC);
	return ret;
}

static inline int
underlay_teardown(void **state)
{
	int ret = fixture_teardown(state);

	free(underlay);
	return ret;
}

#define UNDERLAY_TEST(name) cmocka_unit_test_setup_teardown(name, underlay_setup, underlay_teardown)

// Enters ADDRESS of the network as that of MAC_B, which is behind the port NUMBER: so questions for it are answered.
// Returns the entry.
static inline struct weft_mac_entry *
underlay_own(struct fixture *f, struct weft_ip address, uint16_t number)
{
	uint64_t key = weft_owner_key(1, &address);
	struct weft_mac_entry *way = weft_mactab_free_way(&f->snap.static_macs, key);

	assert_non_null(way);
	*way = (struct weft_mac_entry){
		.key = key, .port = number, .gen = (uint16_t)(MAC_B >> 32), .seen = (uint32_t)MAC_B
	};
	return way;
}

static inline uint64_t
dropped(const struct fixture *f, uint16_t port, enum weft_drop_reason reason)
{
	return f->w->counters.port[port].drop[reason];
}

// An Ethernet frame of LEN bytes from SRC to DST.
static inline unsigned int
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
static inline void
turn_round(uint8_t *frame)
{
	uint32_t at = peer.v6 ? 22 : 26, size = peer.v6 ? 16 : 4;
	uint8_t address[16];

	memcpy(address, frame + at, size);
	memcpy(frame + at, frame + at + size, size);
	memcpy(frame + at + size, address, size);
}

// A frame of 60 bytes as the other host sends it to MAC_A: what this one makes of a frame to it, turned round. Returns
// its length.
static inline unsigned int
from_peer(struct fixture *f, uint8_t wire[160])
{
	uint8_t frame[60];
	unsigned int len;

	fixture_add(f, 1, frame, frame_of(frame, MAC_B, MAC_A, sizeof(frame)));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 1);
	len = f->sent[0].len;
	memcpy(wire, f->sent[0].data, RTE_MIN(len, 160u));
	turn_round(wire);
	frame_of(wire + len - 60, MAC_A, MAC_B, 60);
	f->n_sent = 0;
	return len;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reads and writes the headers of tunnels.
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "weft/drop.h"
#include "weft/tunnel.h"

#include "bytes.h"

#define VXLAN_I	      0x08
#define GENEVE_CTRL   0x80
#define GENEVE_CRIT   0x40
#define OPTION_HEADER 4
#define OPTION_CRIT   0x80

// The stamp: an option of a class for experiments (RFC 8926, 7). A receiver may ignore it.
#define STAMP_CLASS 0xff77
#define STAMP_TYPE  0x01
#define STAMP_HEAD  ((uint32_t)STAMP_CLASS << 16 | STAMP_TYPE << 8 | (WEFT_STAMP_SIZE - OPTION_HEADER) / 4)

static uint32_t
be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline void
take_stamp(const uint8_t *option, struct weft_outer *outer)
{
	outer->stamped = true;
	outer->cluster = be32(option + OPTION_HEADER);
	outer->generation = be32(option + OPTION_HEADER + 4);
}

// RFC 8926, 3.5: the length of an option counts the words behind its header.
static int
walk_options(const uint8_t *p, const uint8_t *end, struct weft_outer *outer)
{
	while (p < end) {
		uint32_t size;

		if (end - p < OPTION_HEADER)
			return WEFT_DROP_TUNNEL_HEADER;
		size = OPTION_HEADER + (p[3] & 0x1f) * 4u;
		if (size > end - p)
			return WEFT_DROP_TUNNEL_HEADER;
		if (p[2] & OPTION_CRIT)
			return WEFT_DROP_TUNNEL_OPTION;
		if (be32(p) == STAMP_HEAD)
			take_stamp(p, outer);
		p += size;
	}
	return -1;
}

static int
parse_geneve(const uint8_t *p, uint32_t len, struct weft_outer *outer)
{
	uint32_t size = WEFT_TUNNEL_BASE + (p[0] & 0x3f) * 4u;
	int bad;

	if (p[0] >> 6 != 0 || p[1] & GENEVE_CTRL || be16(p + 2) != RTE_ETHER_TYPE_TEB || size > len)
		return WEFT_DROP_TUNNEL_HEADER;
	// Most headers have the stamp and no other option.
	if (size == WEFT_TUNNEL_BASE + WEFT_STAMP_SIZE && be32(p + WEFT_TUNNEL_BASE) == STAMP_HEAD)
		take_stamp(p + WEFT_TUNNEL_BASE, outer);
	else if ((bad = walk_options(p + WEFT_TUNNEL_BASE, p + size, outer)) >= 0)
		return bad;
	// The header claims a critical option, and none of them was one that is known here.
	if (p[1] & GENEVE_CRIT)
		return WEFT_DROP_TUNNEL_OPTION;
	outer->tunnel = WEFT_TUNNEL_GENEVE;
	outer->vni = be24(p + 4);
	outer->size = (uint16_t)size;
	return -1;
}

int
weft_outer_parse(const uint8_t *p, uint32_t len, uint16_t port, struct weft_outer *outer)
{
	outer->stamped = false;
	outer->generation = 0;
	if (len < WEFT_TUNNEL_BASE)
		return WEFT_DROP_TUNNEL_HEADER;
	if (port == WEFT_GENEVE_PORT)
		return parse_geneve(p, len, outer);
	// Only the bit that says that there is a VNI counts; reserved bits are ignored.
	if (!(p[0] & VXLAN_I))
		return WEFT_DROP_TUNNEL_HEADER;
	outer->tunnel = WEFT_TUNNEL_VXLAN;
	outer->vni = be24(p + 4);
	outer->size = WEFT_TUNNEL_BASE;
	return -1;
}

void
weft_outer_write(uint8_t *p, enum weft_tunnel tunnel, uint32_t vni, const uint8_t *stamp)
{
	const uint8_t vxlan[4] = { VXLAN_I, 0, 0, 0 }, geneve[4] = { 0, 0, 0x65, 0x58 };
	const rte_be32_t word = rte_cpu_to_be_32(vni << 8);

	memcpy(p, tunnel == WEFT_TUNNEL_VXLAN ? vxlan : geneve, sizeof(vxlan));
	memcpy(p + 4, &word, sizeof(word));
	if (stamp) {
		p[0] = WEFT_STAMP_SIZE / 4;
		memcpy(p + WEFT_TUNNEL_BASE, stamp, WEFT_STAMP_SIZE);
	}
}

void
weft_stamp_make(uint8_t stamp[WEFT_STAMP_SIZE], uint32_t cluster, uint32_t generation)
{
	const rte_be32_t words[] = { rte_cpu_to_be_32(STAMP_HEAD), rte_cpu_to_be_32(cluster),
		rte_cpu_to_be_32(generation) };

	static_assert(sizeof(words) == WEFT_STAMP_SIZE, "three words");
	memcpy(stamp, words, sizeof(words));
}

uint16_t
weft_outer_sum(const struct rte_mbuf *m, uint32_t l3_off, uint32_t l4_off, uint32_t len)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *) + l3_off;
	bool v6 = ip[0] >> 4 == 6;
	uint16_t payload = 0;
	uint32_t sum;

	// It fails where the packet is shorter than that.
	if (rte_raw_cksum_mbuf(m, l4_off, len, &payload))
		return 0;
	sum = payload + rte_cpu_to_be_16((uint16_t)len) + rte_cpu_to_be_16(IPPROTO_UDP);
	sum += rte_raw_cksum(ip + (v6 ? 8 : 12), v6 ? 32 : 8);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void
init_ipv4(struct weft_peer *peer, const struct weft_ip *local)
{
	uint8_t *ip = peer->header + RTE_ETHER_HDR_LEN;
	rte_be32_t src = weft_ip_v4(local), dst = weft_ip_v4(&peer->address);

	peer->size = WEFT_OUTER_IPV4;
	peer->header[12] = RTE_ETHER_TYPE_IPV4 >> 8;
	ip[0] = 0x45;
	ip[6] = 0x40; // must not be fragmented
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &src, sizeof(src));
	memcpy(ip + 16, &dst, sizeof(dst));
	peer->sum = rte_raw_cksum(ip, sizeof(struct rte_ipv4_hdr));
}

static void
init_ipv6(struct weft_peer *peer, const struct weft_ip *local)
{
	uint8_t *ip = peer->header + RTE_ETHER_HDR_LEN;

	peer->size = WEFT_OUTER_IPV6;
	peer->header[12] = RTE_ETHER_TYPE_IPV6 >> 8;
	peer->header[13] = RTE_ETHER_TYPE_IPV6 & 0xff;
	ip[0] = 0x60;
	ip[6] = IPPROTO_UDP;
	ip[7] = 64;
	memcpy(ip + 8, local, sizeof(*local));
	memcpy(ip + 24, &peer->address, sizeof(peer->address));
}

// MAC addresses, lengths, checksum, traffic class and source port are written for each packet.
void
weft_peer_init(struct weft_peer *peer, const struct weft_ip *local)
{
	memset(peer->header, 0, sizeof(peer->header));
	peer->v6 = !weft_ip_is_v4(&peer->address);
	peer->hop_number = (uint32_t)weft_ip_number(&peer->hop);
	if (peer->v6)
		init_ipv6(peer, local);
	else
		init_ipv4(peer, local);
}

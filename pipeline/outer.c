// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Headers of tunnels: what stands behind UDP's, and what stands before it.
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "weft/drop.h"
#include "weft/tunnel.h"

#define HEADER	      8 // of VXLAN, and of Geneve without options
#define VXLAN_I	      0x08
#define GENEVE_CTRL   0x80
#define GENEVE_CRIT   0x40
#define OPTION_HEADER 4
#define OPTION_CRIT   0x80

static uint32_t
be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

// RFC 8926, 3.5: an option's length is in words behind its header; no option is known here yet.
static int
walk_options(const uint8_t *p, const uint8_t *end)
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
		p += size;
	}
	return -1;
}

static int
parse_geneve(const uint8_t *p, uint32_t len, struct weft_outer *outer)
{
	uint32_t size = HEADER + (p[0] & 0x3f) * 4u;
	int bad;

	if (p[0] >> 6 != 0 || p[1] & GENEVE_CTRL || (p[2] << 8 | p[3]) != 0x6558 || size > len)
		return WEFT_DROP_TUNNEL_HEADER;
	bad = walk_options(p + HEADER, p + size);
	if (bad >= 0)
		return bad;
	// Nothing is critical, says whoever sent it or their options.
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
	if (len < HEADER)
		return WEFT_DROP_TUNNEL_HEADER;
	if (port == WEFT_GENEVE_PORT)
		return parse_geneve(p, len, outer);
	// Reserved bits are ignored, all but the one that says that there is a VNI.
	if (!(p[0] & VXLAN_I))
		return WEFT_DROP_TUNNEL_HEADER;
	outer->tunnel = WEFT_TUNNEL_VXLAN;
	outer->vni = be24(p + 4);
	outer->size = HEADER;
	return -1;
}

void
weft_outer_write(uint8_t *p, enum weft_tunnel tunnel, uint32_t vni)
{
	const uint8_t vxlan[4] = { VXLAN_I, 0, 0, 0 }, geneve[4] = { 0, 0, 0x65, 0x58 };
	const rte_be32_t word = rte_cpu_to_be_32(vni << 8);

	memcpy(p, tunnel == WEFT_TUNNEL_VXLAN ? vxlan : geneve, sizeof(vxlan));
	memcpy(p + 4, &word, sizeof(word));
}

// The next hop's MAC, ours, the lengths, checksum, traffic class and source port are a packet's own matter.
void
weft_peer_init(struct weft_peer *peer, rte_be32_t local)
{
	uint8_t *ip = peer->header + RTE_ETHER_HDR_LEN;

	memset(peer->header, 0, sizeof(peer->header));
	peer->header[12] = RTE_ETHER_TYPE_IPV4 >> 8;
	ip[0] = 0x45;
	ip[6] = 0x40; // must not be fragmented
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &local, sizeof(local));
	memcpy(ip + 16, &peer->address, sizeof(peer->address));
	peer->sum = rte_raw_cksum(ip, sizeof(struct rte_ipv4_hdr));
}

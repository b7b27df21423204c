// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reads and writes neighbour solicitations and advertisements.
#include "nd.h"

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "bytes.h"

// Offsets from the ICMPv6 header on.
#define FLAGS	4
#define TARGET	8
#define OPTIONS 24
#define MOST	16 // options that are read at most

#define HOP_LIMIT  255
#define SOURCE_MAC 1
#define TARGET_MAC 2
#define SOLICITED  0x40
#define OVERRIDE   0x20
#define OPTION	   8 // bytes, with a MAC
#define IPV6	   40

bool
weft_nd_is_valid(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + lane->l3_off;
	const uint8_t *icmp = frame + lane->l4_off;

	if (!(lane->flags & WEFT_LANE_IPV6) || lane->proto != IPPROTO_ICMPV6 || !(lane->flags & WEFT_LANE_L4) ||
		lane->flags & WEFT_LANE_FRAGMENT || lane->l4_off != lane->l3_off + IPV6 || lane->l4_len < OPTIONS ||
		lane->l4_off + lane->l4_len > m->data_len)
		return false;
	return (icmp[0] == ND_SOLICIT || icmp[0] == ND_ADVERTISE) && icmp[1] == 0 && ip[7] == HOP_LIMIT &&
	       icmp[TARGET] != 0xff && rte_ipv6_udptcp_cksum_verify((const struct rte_ipv6_hdr *)ip, icmp) == 0;
}

static const uint8_t *
icmp_of(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l4_off);
}

uint8_t
weft_nd_type(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return icmp_of(lane, m)[0];
}

struct weft_ip
weft_nd_target(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return weft_ip6(icmp_of(lane, m) + TARGET);
}

struct weft_ip
weft_nd_source(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return weft_ip6(rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l3_off + 8));
}

uint64_t
weft_nd_mac(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *icmp = icmp_of(lane, m), *option = icmp + OPTIONS, *end = icmp + lane->l4_len;
	uint8_t wanted = icmp[0] == ND_SOLICIT ? SOURCE_MAC : TARGET_MAC;

	for (unsigned int i = 0; i < MOST && option + OPTION <= end && option[1]; i++) {
		if (option[0] == wanted)
			return read_mac(option + 2);
		option += option[1] * 8;
	}
	return 0;
}

static void
write_option(uint8_t *option, uint8_t type, uint64_t mac)
{
	option[0] = type;
	option[1] = 1;
	write_mac(option + 2, mac);
}

static void
finish(uint8_t *ip)
{
	uint8_t *icmp = ip + IPV6;
	uint16_t sum;

	memset(icmp + 2, 0, sizeof(sum));
	sum = rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip, icmp);
	memcpy(icmp + 2, &sum, sizeof(sum));
}

// Gives M the length LEN. False: there is no room.
static bool
resize(struct rte_mbuf *m, uint32_t len)
{
	if (m->nb_segs > 1)
		return false;
	if (m->pkt_len < len)
		return rte_pktmbuf_append(m, (uint16_t)(len - m->pkt_len)) != NULL;
	return rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - len)) == 0;
}

bool
weft_nd_answer(struct rte_mbuf *m, const struct weft_lane *lane, uint64_t mac)
{
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *ip = frame + lane->l3_off, *icmp = ip + IPV6;
	struct weft_ip source = weft_nd_source(lane, m), target = weft_nd_target(lane, m);
	// A host without an address asks whether the address is free (RFC 4862, 5.4). All nodes are told that it is
	// not.
	bool nobody = weft_ip_is_none(&source);

	if (!resize(m, lane->l3_off + IPV6 + OPTIONS + OPTION))
		return false;
	memcpy(frame, frame + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	if (nobody)
		write_mac(frame, UINT64_C(0x333300000001));
	write_mac(frame + RTE_ETHER_ADDR_LEN, mac);
	memset(ip, 0, 8);
	ip[0] = 0x60;
	ip[5] = OPTIONS + OPTION;
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, &target, sizeof(target));
	memcpy(ip + 24, nobody ? all_nodes : (const uint8_t *)&source, sizeof(source));
	memset(icmp, 0, OPTIONS);
	icmp[0] = ND_ADVERTISE;
	icmp[FLAGS] = nobody ? OVERRIDE : OVERRIDE | SOLICITED;
	memcpy(icmp + TARGET, &target, sizeof(target));
	write_option(icmp + OPTIONS, TARGET_MAC, mac);
	finish(ip);
	return true;
}

void
weft_nd_write_solicitation(uint8_t *frame, uint64_t mac, const struct weft_ip *source, const struct weft_ip *target)
{
	uint8_t *ip = frame + RTE_ETHER_HDR_LEN, *icmp = ip + IPV6;
	uint8_t group[16] = { 0xff, 0x02, [11] = 1, [12] = 0xff };

	// The target's solicited-node group (RFC 4291, 2.7.1), and its MAC (RFC 2464, 7).
	memcpy(group + 13, (const uint8_t *)target + 13, 3);
	memset(frame, 0, ND_SOLICIT_FRAME);
	frame[0] = frame[1] = 0x33;
	memcpy(frame + 2, group + 12, 4);
	write_mac(frame + RTE_ETHER_ADDR_LEN, mac);
	frame[12] = RTE_ETHER_TYPE_IPV6 >> 8;
	frame[13] = RTE_ETHER_TYPE_IPV6 & 0xff;
	ip[0] = 0x60;
	ip[5] = OPTIONS + OPTION;
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, source, sizeof(*source));
	memcpy(ip + 24, group, sizeof(group));
	icmp[0] = ND_SOLICIT;
	memcpy(icmp + TARGET, target, sizeof(*target));
	write_option(icmp + OPTIONS, SOURCE_MAC, mac);
	finish(ip);
}

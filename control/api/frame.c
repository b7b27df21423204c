// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "frame.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "control/base/address.h"
#include "control/state/state.h"

#define SAMPLE_SRC UINT64_C(0x020000000001) // a locally administered MAC, for ports that have none
#define BROADCAST  UINT64_C(0xffffffffffff)

static void
put_mac(uint8_t *p, uint64_t mac)
{
	for (unsigned int i = 0; i < 6; i++)
		p[i] = (uint8_t)(mac >> (40 - 8 * i));
}

int
weft_frame_from_hex(const char *hex, uint8_t frame[WEFT_FRAME_MAX], struct weft_error *err)
{
	unsigned int n = 0, byte;

	while (*hex) {
		if (isspace((unsigned char)*hex) || *hex == ':') {
			hex++;
			continue;
		}
		if (n == WEFT_FRAME_MAX || !isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]))
			return weft_fail(err, EINVAL,
				"params.frame: expected at most %d bytes in hexadecimal, got \"%.16s\"", WEFT_FRAME_MAX,
				hex);
		sscanf(hex, "%2x", &byte);
		frame[n++] = (uint8_t)byte;
		hex += 2;
	}
	if (n == 0)
		return weft_fail(err, EINVAL, "params.frame: empty; give its bytes in hexadecimal");
	return n;
}

// The MAC of the port in PORT's network that has ADDRESS; broadcast if there is none.
static uint64_t
owner_mac(const struct weft_port *port, const void *address, bool v6)
{
	const struct weft_network *network = weft_model_port_network(weft_ctl.local.model, port);
	const struct weft_user *users = network ? weft_model_users(weft_ctl.local.model, network->o.key) : NULL;

	for (const struct weft_user *user = users; user; user = user->hh.next) {
		const struct weft_port *other = (const struct weft_port *)user->object;

		if (other->o.kind != &weft_kind_port || other->mac == 0)
			continue;
		for (unsigned int k = 0; !v6 && k < other->ips.n4; k++)
			if (memcmp(&other->ips.v4[k].addr, address, 4) == 0)
				return other->mac;
		for (unsigned int k = 0; v6 && k < other->ips.n6; k++)
			if (memcmp(other->ips.v6[k].addr, address, 16) == 0)
				return other->mac;
	}
	return BROADCAST;
}

static int
build_ipv4(const struct weft_port *port, rte_be32_t to, uint8_t *p)
{
	struct rte_ipv4_hdr ip = { .version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = htons(28),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_ICMP,
		.dst_addr = to };

	ip.src_addr = port->ips.n4 ? port->ips.v4[0].addr : 0;
	ip.hdr_checksum = rte_ipv4_cksum(&ip);
	memcpy(p, &ip, sizeof(ip));
	memcpy(p + sizeof(ip), "\x08\x00\xf7\xff\x00\x00\x00\x00", 8); // an echo request
	return sizeof(ip) + 8;
}

static int
build_ipv6(const struct weft_port *port, const uint8_t to[16], uint8_t *p)
{
	memset(p, 0, 40);
	p[0] = 0x60;
	p[5] = 8;
	p[6] = IPPROTO_ICMPV6;
	p[7] = 64;
	if (port->ips.n6)
		memcpy(p + 8, port->ips.v6[0].addr, 16);
	memcpy(p + 24, to, 16);
	memcpy(p + 40, "\x80\x00\x00\x00\x00\x00\x00\x00", 8);
	return 48;
}

// A probe (RFC 5227), which names no address of its sender SRC, and no other: guards and firewalls let it pass, so that what is
// explained is the way to a MAC.
static void
build_arp(const uint8_t *src, uint8_t *p)
{
	memcpy(p, "\x00\x01\x08\x00\x06\x04\x00\x01", 8);
	memcpy(p + 8, src, 6);
}

int
weft_frame_build(const struct weft_port *port, const char *to, uint8_t frame[WEFT_FRAME_MAX], struct weft_error *err)
{
	uint8_t address[16], *type = frame + 12, *payload = frame + 14;
	uint64_t mac;
	int len = 46;

	memset(frame, 0, 60);
	put_mac(frame + 6, port->mac ? port->mac : SAMPLE_SRC);
	if (weft_mac_parse(to, &mac) == 0) {
		type[0] = RTE_ETHER_TYPE_ARP >> 8;
		type[1] = RTE_ETHER_TYPE_ARP & 0xff;
		build_arp(frame + 6, payload);
	} else if (inet_pton(AF_INET, to, address) == 1) {
		rte_be32_t v4;

		memcpy(&v4, address, 4);
		mac = owner_mac(port, address, false);
		type[0] = 0x08;
		len = RTE_MAX(build_ipv4(port, v4, payload), 46);
	} else if (inet_pton(AF_INET6, to, address) == 1) {
		mac = owner_mac(port, address, true);
		type[0] = 0x86;
		type[1] = 0xdd;
		len = build_ipv6(port, address, payload);
	} else {
		return weft_fail(
			err, EINVAL, "params.to: expected a MAC, an IPv4 or an IPv6 address, got \"%.64s\"", to);
	}
	put_mac(frame, mac);
	return 14 + len;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Roles of ports: what stations believe whoever says it, so that only some ports of a network may say it. Router
// advertisements and redirects (ICMP: RFC 792, 1256; ICMPv6: RFC 4861) turn others' traffic to their sender, a query of IGMP or
// MLD brings it their multicast, and a DHCP server's message gives them addresses and routes (RFC 6105, 7610).
#pragma once

#include <netinet/in.h>

#include "weft/worker.h"

// UDP ports of DHCP (RFC 2131, 4.1; RFC 8415, 7.2).
#define DHCP_SERVER   67
#define DHCP_CLIENT   68
#define DHCPV6_CLIENT 546
#define DHCPV6_SERVER 547

// The role that a port needs to send a packet with this ICMP, IGMP or UDP header, or 0. Any thread.
uint8_t weft_role_of(const struct weft_lane *lane, const struct rte_mbuf *m);

// Why a port without ROLE may not send what needs it, as a drop reason.
int weft_role_drop(uint8_t role);

// The role that the port lacks to send LANE's packet M, or 0. Most packets need none, which is seen at once.
static inline uint8_t
weft_role_lacking(const struct weft_port_conf *port, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	if (likely(port->lacks == 0 || lane->proto == IPPROTO_TCP))
		return 0;
	return weft_role_of(lane, m) & port->lacks;
}

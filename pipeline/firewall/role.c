// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "role.h"

#include "pipeline/base/bytes.h"
#include "weft/drop.h"

static uint8_t
role_of_icmp4(uint8_t type)
{
	return type == 5 || type == 9 ? WEFT_ROLE_ROUTER : 0;
}

static uint8_t
role_of_icmp6(uint8_t type)
{
	if (type == 134 || type == 137)
		return WEFT_ROLE_ROUTER;
	return type == 130 ? WEFT_ROLE_QUERIER : 0;
}

uint8_t
weft_role_of(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l4_off);
	bool v4 = lane->flags & WEFT_LANE_IPV4, v6 = lane->flags & WEFT_LANE_IPV6;

	if ((!v4 && !v6) || lane->flags & WEFT_LANE_LATER_FRAGMENT)
		return 0;
	switch (lane->proto) {
	case IPPROTO_UDP:
		return be16(l4 + 2) == (v4 ? DHCP_CLIENT : DHCPV6_CLIENT) ? WEFT_ROLE_DHCP_SERVER : 0;
	case IPPROTO_ICMP:
		return v4 ? role_of_icmp4(l4[0]) : 0;
	case IPPROTO_ICMPV6:
		return v6 ? role_of_icmp6(l4[0]) : 0;
	case IPPROTO_IGMP: // the parser has not looked at its header
		return v4 && lane->l4_len && lane->l4_off < m->data_len && l4[0] == 0x11 ? WEFT_ROLE_QUERIER : 0;
	default:
		return 0;
	}
}

int
weft_role_drop(uint8_t role)
{
	if (role & WEFT_ROLE_ROUTER)
		return WEFT_DROP_GUARD_ROUTER;
	return role & WEFT_ROLE_QUERIER ? WEFT_DROP_GUARD_QUERIER : WEFT_DROP_GUARD_DHCP;
}

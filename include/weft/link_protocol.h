// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Protocols between a station and the bridge at the other end of its link: their frames go to 01:80:c2:00:00:00 to 0f, and
// no bridge forwards them (IEEE 802.1Q, table 8-1). A network may let some through between its ports.
#pragma once

#include "weft/vec.h"

enum weft_link_protocol {
	WEFT_LINK_LLDP = 1 << 0,  // IEEE 802.1AB
	WEFT_LINK_LACP = 1 << 1,  // IEEE 802.1AX, with its markers
	WEFT_LINK_EAPOL = 1 << 2, // IEEE 802.1X
	WEFT_LINK_PTP = 1 << 3,	  // IEEE 1588
};

// Whether the frame goes to the bridge itself.
static inline bool
weft_link_is_reserved(const struct weft_lane *lane)
{
	return (lane->dst & UINT64_C(0xfffffffffff0)) == UINT64_C(0x0180c2000000);
}

// Whether M, such a frame of LANE, is of a protocol in OPEN, a set of enum weft_link_protocol.
static inline bool
weft_link_is_open(const struct weft_lane *lane, const struct rte_mbuf *m, uint8_t open)
{
	const uint8_t *subtype = rte_pktmbuf_mtod_offset(m, const uint8_t *, lane->l3_off);

	switch (lane->ethertype) {
	case 0x88cc:
		return open & WEFT_LINK_LLDP;
	case 0x8809: // of the slow protocols: LACP, and markers
		return open & WEFT_LINK_LACP && lane->l3_off < m->data_len && (*subtype == 1 || *subtype == 2);
	case 0x888e:
		return open & WEFT_LINK_EAPOL;
	case 0x88f7:
		return open & WEFT_LINK_PTP;
	default:
		return false;
	}
}

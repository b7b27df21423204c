// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Frames that are neither IPv4, IPv6 nor ARP. Behind a firewall they pass only where a rule of both ends names their
// ethertype, or where the network lets them all through.
#pragma once

#include "weft/worker.h"

// Whether the frame M of LANE is neither IP nor ARP, and this file decides about it.
static inline bool
weft_ethertype_is_other(const struct weft_lane *lane)
{
	return !(lane->flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6 | WEFT_LANE_ARP));
}

// Judges such a frame by the rules of the port in SLOT: of its sender (OUT), or of a receiver. Returns -1, or the drop reason.
// Owner worker.
int weft_ethertype_judge(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t slot, bool out);

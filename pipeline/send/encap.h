// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Puts frames into tunnels.
#pragma once

#include "weft/worker.h"

// Encapsulates the frame M of LANE, whose IP header is at L3_OFF, for the host in SLOT: M is then a frame of the
// underlay. Returns -1, or the drop reason with M unchanged. Owner worker.
int weft_tunnel_enter(
	struct weft_worker *worker, const struct weft_lane *lane, uint16_t slot, struct rte_mbuf *m, uint32_t l3_off);

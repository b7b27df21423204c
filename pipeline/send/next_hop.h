// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The next hops to other hosts.
#pragma once

#include <rte_branch_prediction.h>

#include "weft/tunnel.h"

// The MAC address of the next hop with the number HOP; 0: it is not known. Any thread.
static inline uint64_t
weft_next_hop_mac(const struct weft_neighbour *neighbour, uint32_t hop)
{
	if (unlikely(atomic_load_explicit(&neighbour->hop, memory_order_acquire) != hop))
		return 0;
	return atomic_load_explicit(&neighbour->mac, memory_order_relaxed);
}

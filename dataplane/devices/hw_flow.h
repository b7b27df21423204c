// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Flows in a NIC's switch, by rte_flow: each carries one direction of a connection. Control thread.
#pragma once

#include <rte_flow.h>

#include "weft/offload.h"

// A path through the switch, from one of its ports to another, with the VLAN tags that frames have there.
struct weft_hw_flow_path {
	uint16_t from, to;	   // DPDK's numbers of the ports
	uint16_t vid_from, vid_to; // 0: no tag
};

// Returns NULL if PORT takes flows, or why it does not: a text that is constant, or in TEXT. It asks the driver about a
// sample and creates nothing.
const char *weft_hw_flow_check(uint16_t port, char text[96]);

// Has the hardware carry the direction of a connection that OFFER describes, on PATH. Returns the flow; NULL: the
// device refuses it.
struct rte_flow *weft_hw_flow_create(const struct weft_offload_offer *offer, const struct weft_hw_flow_path *path);

// Ends FLOW, which began at PORT. Returns 0 or -errno; then it still carries packets.
int weft_hw_flow_destroy(uint16_t port, struct rte_flow *flow);

// Reads how many packets and bytes FLOW has carried since it was created. Returns 0 or -errno.
int weft_hw_flow_read(uint16_t port, struct rte_flow *flow, uint64_t *packets, uint64_t *bytes);

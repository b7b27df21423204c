// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Flows in hardware, by rte_flow: what a switch in a NIC does with the frames of one direction of a connection. Control
// thread.
#pragma once

#include <rte_flow.h>

#include "weft/offload.h"

// A way through the switch: from a port of it to another, with the tag that frames have there (0: none).
struct dp_flow_way {
	uint16_t from, to; // DPDK's numbers
	uint16_t vid_from, vid_to;
};

// Why the port takes no flows: NULL, it does. It is tried with one that is not made. The text lives as long as the
// device.
const char *dp_flow_try(uint16_t port, char text[96]);

// Has the hardware carry what OFFER says, on WAY. Returns the flow, or NULL: the device does not take it.
struct rte_flow *dp_flow_make(const struct weft_offer *offer, const struct dp_flow_way *way);

// Ends it. Returns 0 or -errno.
int dp_flow_end(uint16_t port, struct rte_flow *flow);

// What it has carried since it began. Returns 0 or -errno.
int dp_flow_count(uint16_t port, struct rte_flow *flow, uint64_t *packets, uint64_t *bytes);

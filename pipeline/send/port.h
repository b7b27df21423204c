// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The policy's rules for sending to a port.
#pragma once

#include <rte_branch_prediction.h>

#include "weft/worker.h"

// The VLAN of the tag that frames of DOMAIN carry on PORT; 0: they carry none.
static inline uint16_t
weft_port_tag(const struct weft_port_conf *port, const struct weft_snapshot *snap, uint16_t domain)
{
	switch (port->tagging) {
	case WEFT_TAG_TRUNK:
		return domain == port->native ? 0 : weft_snapshot_domain(snap, domain)->vid;
	case WEFT_TAG_UPLINK:
		return domain == port->native ? 0 : weft_snapshot_domain(snap, domain)->uplink_vid;
	case WEFT_TAG_PEER:
		return weft_snapshot_domain(snap, domain)->vid;
	default:
		return 0;
	}
}

// The largest L3 payload that PORT takes in DOMAIN: for another host, the MTU of the network.
static inline uint16_t
weft_port_mtu(const struct weft_port_conf *port, const struct weft_snapshot *snap, uint16_t domain)
{
	return unlikely(port->peer != NULL) ? weft_snapshot_domain(snap, domain)->mtu : port->mtu;
}

// Whether the port may send and receive frames.
static inline bool
weft_port_is_open(const struct weft_worker *worker, const struct weft_port_conf *port)
{
	return port->up && !(port->fence_all & worker->fenced);
}

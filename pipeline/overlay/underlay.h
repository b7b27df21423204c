// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The underlay: this host's tunnel address on its uplink, and the next hops to other hosts.
#pragma once

#include "weft/worker.h"

// The slot of the host with ADDRESS; WEFT_PORT_NONE: there is none. Any thread.
uint16_t weft_underlay_peer(const struct weft_snapshot *snap, const struct weft_ip *address);

// Whether M, a frame of LANE from an uplink, is ARP or neighbour discovery without a VLAN tag.
bool weft_underlay_concerns(const struct weft_lane *lane, const struct rte_mbuf *m);

// Learns from the frame in lane I, which weft_underlay_concerns(). Returns whether it was for the tunnel address:
// then the frame is gone. Owner worker.
bool weft_underlay_hear(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);

// The underlay of the uplink in use if this worker keeps it: if it owns the uplink, or is worker 0 where every
// worker has a queue. Else NULL.
static inline const struct weft_underlay *
weft_underlay_of(const struct weft_worker *worker)
{
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, worker->snap->underlay);

	return port->owner == worker->id || (port->owner == WEFT_OWNER_EACH && worker->id == 0) ? port->underlay : NULL;
}

// Asks for the next hops that are not known, or have not been heard for long. The keeper of the uplink calls it once
// a second; on other workers it does nothing. Owner worker.
void weft_underlay_sweep(struct weft_worker *worker);

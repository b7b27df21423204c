// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The stages of the chain and what they share. Each follows the contract of weft_stage_fn.
#pragma once

#include <rte_branch_prediction.h>

#include "weft/explain.h"
#include "weft/worker.h"

weft_lanes weft_parse_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_tunnel_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_vlan_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_guard_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_class_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_learn_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_forward_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_firewall_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_flood_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);
weft_lanes weft_output_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);

// Where the chain begins for frames that are not judged by the generation in force.
#define STAGE_VLAN 2

// Checks the frame's headers and fills in LANE, its ports aside. HAVE bytes lie at FRAME, of TOTAL that
// the packet has. Returns -1, or the reason to drop it. Any thread.
int weft_parse_frame(const uint8_t *frame, uint32_t have, uint32_t total, struct weft_lane *lane);

// Whether the rules of the port MEMBER let M in, a frame to many. Returns -1, or the drop reason.
int weft_firewall_admits(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t member);

// Tags M for port OUT as the port wants it and puts it into the outbox, or drops it: M is gone afterwards.
// In a dry run M stays as it is.
void weft_emit(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, uint16_t out,
	struct rte_mbuf *m);

// The tag that frames of DOMAIN carry on PORT: a VLAN, or 0 for none.
static inline uint16_t
weft_tag_on(const struct weft_port_conf *port, const struct weft_snapshot *snap, uint16_t domain)
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

// Whether the port takes and gets frames.
static inline bool
weft_is_open(const struct weft_worker *worker, const struct weft_port_conf *port)
{
	return port->up && !(port->fence_all & worker->fenced);
}

// The MAC of the next hop with the number HOP, or 0.
static inline uint64_t
weft_neighbour_mac(const struct weft_neighbour *neighbour, uint32_t hop)
{
	if (unlikely(atomic_load_explicit(&neighbour->hop, memory_order_acquire) != hop))
		return 0;
	return atomic_load_explicit(&neighbour->mac, memory_order_relaxed);
}

// The uplink's end of the tunnels, if it is this worker that keeps it; else NULL.
static inline const struct weft_underlay *
weft_underlay_of(const struct weft_worker *worker)
{
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, worker->snap->underlay);

	return port->owner == worker->id || (port->owner == WEFT_OWNER_EACH && worker->id == 0) ? port->underlay : NULL;
}

// The slot of the host with ADDRESS, or WEFT_PORT_NONE.
uint16_t weft_underlay_peer(const struct weft_snapshot *snap, const struct weft_ip *address);

// Puts the frame M, whose IP header is at L3_OFF, into the tunnel to the host in SLOT: it is an Ethernet frame of the
// underlay then (encap.c). Returns -1, or the drop reason with M as it was.
int weft_tunnel_enter(
	struct weft_worker *worker, const struct weft_lane *lane, uint16_t slot, struct rte_mbuf *m, uint32_t l3_off);

// Tells the sender of M, which was too large, that MTU is the most (refuse.c).
void weft_too_big(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t mtu);

// Answers the question in lane I, which goes to all, if it is about an address that is known in a network with tunnels.
// Returns whether it did; the frame is gone then.
bool weft_neighbour_answer(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);

// Whether LANE, from an uplink, is ARP or neighbour discovery.
bool weft_is_neighbour_talk(const struct weft_lane *lane, const struct rte_mbuf *m);

// Learns from such a LANE. Returns whether it was for the tunnels' address; it is gone then.
bool weft_underlay_hear(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);

// The same for a frame of the switch's own, which is in no vector.
void weft_emit_own(struct weft_worker *worker, const struct weft_lane *lane, uint16_t out, struct rte_mbuf *m);

// Where a frame to KEY, a MAC with its domain, goes: a slot, or WEFT_PORT_NONE (forward.c).
uint16_t weft_forward_to(const struct weft_worker *worker, uint64_t key);

// A new frame of LEN bytes, counted as created by PORT, or NULL.
struct rte_mbuf *weft_new_frame(struct weft_worker *worker, uint16_t port, uint16_t len);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A packet as the rules see it, and how old a decision about it is.
#pragma once

#include <rte_common.h>

#include "weft/session.h"
#include "weft/worker.h"

struct flow {
	const uint8_t *src, *dst; // addresses in network order, 4 or 16 bytes
	bool v6;
	uint8_t proto;
	uint16_t service; // destination port; ICMP: type << 8 | code
	uint16_t domain;
	bool checked;	   // the guard of this host, or of the one that it came from, has looked at it
	uint16_t from, to; // ports; WEFT_PORT_NONE: beyond an uplink, where nothing is judged
};

// Returns LANE's packet M as the rules see it. The addresses point into M.
struct flow weft_flow_of(const struct weft_worker *worker, const struct weft_lane *lane, const struct rte_mbuf *m);

// The slot as a connection's key has it. Everything beyond an uplink is one place, since hosts move: WEFT_PORT_NONE.
static inline uint16_t
weft_flow_place(const struct weft_port_conf *port, uint16_t slot)
{
	return port->tagging == WEFT_TAG_UPLINK || port->peer ? WEFT_PORT_NONE : slot;
}

// Whether the guard of this host, or of the host that LANE came from, has looked at it.
static inline bool
weft_flow_is_checked(const struct weft_worker *worker, const struct weft_lane *lane)
{
	return lane->outer || weft_snapshot_slot(worker->snap, lane->in)->tagging != WEFT_TAG_UPLINK;
}

// The layer 4 header of LANE's packet M.
static inline const uint8_t *
weft_flow_l4(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const uint8_t *) + lane->l4_off;
}

// How many snapshots before SNAP the one with VERSION was, of which only the low half is given. The halves wrap:
// what is older than 2^32 snapshots seems new, and is judged once more.
static inline uint32_t
weft_flow_age(const struct weft_snapshot *snap, uint32_t version)
{
	return (uint32_t)snap->version - version;
}

// How many snapshots ago the rules of A or B, or the addresses in DOMAIN's network, last changed.
static inline uint32_t
weft_flow_rules_age(const struct weft_snapshot *snap, const struct weft_port_conf *a, const struct weft_port_conf *b,
	const struct weft_domain *domain)
{
	return RTE_MIN(weft_flow_age(snap, domain->epoch),
		RTE_MIN(weft_flow_age(snap, a->epoch), weft_flow_age(snap, b->epoch)));
}

// Whether S was judged under older rules, or older members of groups, than those of SNAP.
static inline bool
weft_flow_is_stale(const struct weft_snapshot *snap, const struct weft_session *s)
{
	return weft_flow_rules_age(snap, weft_snapshot_slot(snap, s->key.slot[0]),
		       weft_snapshot_slot(snap, s->key.slot[1]),
		       weft_snapshot_domain(snap, s->key.domain)) < weft_flow_age(snap, s->judged);
}

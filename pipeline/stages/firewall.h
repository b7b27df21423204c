// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The firewall's parts: what a packet says of its connection, what the rules of both ends say of that, and the replies
// to what is refused.
#pragma once

#include "stages.h"
#include "pipeline/firewall/track.h"
#include "weft/events.h"
#include "weft/rules.h"

// A packet as rules see it.
struct flow {
	const uint8_t *src, *dst; // addresses in network order
	bool v6;
	uint8_t proto;
	uint16_t service; // destination port; ICMP: type << 8 | code
	uint16_t domain;
	uint16_t from, to; // ports; WEFT_PORT_NONE: outside, where nothing is judged
};

// What the rules of both ends say.
struct judgement {
	int reason;	// -1: allowed; or the drop reason
	bool refuse;	// the sender is to be told
	bool stateless; // each packet is judged for itself
	const struct weft_rule_conf
		*rule[2]; // that decided: the sender's out, the receiver's in; NULL: not judged there
};

// judge.c
void judge(const struct weft_snapshot *snap, const struct flow *flow, struct judgement *j);

// Only one end: OUT of the port FROM, or else in, towards TO.
const struct weft_rule_conf *judge_end(const struct weft_snapshot *snap, const struct flow *flow, bool out);

// Counts a packet of BYTES that was judged for itself with the rules that decided.
void judge_count(struct weft_worker *worker, const struct judgement *j, uint32_t bytes);

// Judges S again as it was opened. Returns what judge() says.
void judge_again(const struct weft_snapshot *snap, const struct weft_session *s, struct judgement *j);

// Notes in S what J allowed, under the rules of now.
void judge_enter(struct weft_worker *worker, struct weft_session *s, const struct judgement *j);

void judge_explain(struct weft_explain *explain, const struct judgement *j);

// What LANE's packet M is to the rules.
struct flow flow_of(const struct weft_worker *worker, const struct weft_lane *lane, const struct rte_mbuf *m);

// open.c: what belongs to no connection there is. Opens one, or decides about the packet alone. E is the end that
// sends. Returns -1, or the drop reason.
int open_connection(struct weft_worker *worker, struct weft_vec *vec, unsigned int i,
	const struct weft_session_key *key, uint64_t hash, unsigned int e);

// offer.c: offers the connection with KEY of lane I, which is on its way, to hardware, if it is worth it. It is looked
// for in RECORD; E is the end that sends.
void offer_if_due(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, uint32_t record,
	const struct weft_session_key *key, unsigned int e);

// icmp.c: kinds of ICMP messages.
enum icmp_kind {
	ICMP_QUERY, // opens a connection, or belongs to one
	ICMP_REPLY, // belongs to one
	ICMP_ERROR, // speaks of one
	ICMP_LOCAL, // neighbour discovery and group membership: passes
	ICMP_OTHER, // judged for itself
};
enum icmp_kind icmp_kind(bool v6, uint8_t type, uint8_t *query);

// What was asked, and by which end: both may ask each other the same with the same identifier.
static inline uint16_t
icmp_asked(uint8_t query, unsigned int by)
{
	return query | (uint16_t)(by << 8);
}

// Whether an ICMP error speaks of a connection there is, in the right direction. Returns -1, or the drop reason.
int icmp_error_check(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i);

// apart.c: lanes that are no part of a connection by themselves. Returns TRACK_PASS, a drop reason, or TRACK_REOPEN:
// lane I is such a part.
int look_apart(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);

// refuse.c: answers M, a packet of LANE, for the one that it was to: a TCP reset, or an ICMP error, within the port's
// limit.
void refuse(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m);

// The same for both ends of M's connection.
void
refuse_both(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m);

// group.c: whether the rules of the port that lane I's frame to many comes from let it go. Returns -1, or the drop
// reason.
int group_out(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);

// A port as a connection's key has it: whatever is beyond an uplink is one place, wherever it is now.
static inline uint16_t
place_of(const struct weft_port_conf *port, uint16_t slot)
{
	return port->tagging == WEFT_TAG_UPLINK || port->peer ? WEFT_PORT_NONE : slot;
}

static inline const uint8_t *
l4_of(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const uint8_t *) + lane->l4_off;
}

// How many snapshots ago something was of VERSION, a low half. Versions wrap: what is older than all of them is taken
// for new, and judged once more.
static inline uint32_t
age_of(const struct weft_snapshot *snap, uint32_t version)
{
	return (uint32_t)snap->version - version;
}

// How many snapshots ago the rules of one of two ports, or the addresses of a domain's network, last changed.
static inline uint32_t
age_of_rules(const struct weft_snapshot *snap, const struct weft_port_conf *a, const struct weft_port_conf *b,
	const struct weft_domain *domain)
{
	return RTE_MIN(age_of(snap, domain->epoch), RTE_MIN(age_of(snap, a->epoch), age_of(snap, b->epoch)));
}

// Whether S was judged under rules, or with members of groups, that are older than SNAP's.
static inline bool
is_stale(const struct weft_snapshot *snap, const struct weft_session *s)
{
	return age_of_rules(snap, weft_snapshot_slot(snap, s->key.slot[0]), weft_snapshot_slot(snap, s->key.slot[1]),
		       weft_snapshot_domain(snap, s->key.domain)) < age_of(snap, s->judged);
}

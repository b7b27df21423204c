// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Judges IP packets in flooded frames. They belong to no connection: the sender's rules judge each packet, and the
// rules of each receiver too. A flooded frame with a packet to one host is judged likewise, so that it cannot evade
// the rules.
#include "multicast.h"

#include <netinet/in.h>

#include "pipeline/tables/frags.h"
#include "weft/worker.h"

#include "ethertype.h"
#include "flow.h"
#include "icmp.h"
#include "judge.h"

// Whether no rule has to allow the packet: group membership, neighbour discovery, and what routers say.
static bool
passes(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return weft_icmp_is_local(lane, m) || (lane->proto == IPPROTO_IGMP && lane->flags & WEFT_LANE_IPV4);
}

static int
judge_one(struct weft_worker *worker, struct weft_vec *vec, const struct flow *flow, const struct rte_mbuf *m, bool out)
{
	const struct weft_rule_conf *rule = weft_judge_end(worker->snap, flow, out);

	return rule ? weft_judge_by_rule(worker, vec, rule, m, out) : -1;
}

int
weft_multicast_may_leave(struct weft_worker *worker, struct weft_vec *vec, unsigned int i)
{
	const struct weft_lane *lane = &vec->lanes[i];
	struct flow flow;
	int bad;

	if (weft_ethertype_is_other(lane))
		return weft_ethertype_judge(worker, vec, lane, vec->pkts[i], lane->in, true);
	if (weft_icmp_is_foreign(worker, lane, vec->pkts[i]) &&
		weft_snapshot_domain(worker->snap, lane->domain)->firewall)
		return WEFT_DROP_GUARD_ROUTER;
	if (passes(lane, vec->pkts[i]) || !weft_snapshot_domain(worker->snap, lane->domain)->firewall)
		return -1;
	flow = weft_flow_of(worker, lane, vec->pkts[i]);
	if (lane->flags & WEFT_LANE_LATER_FRAGMENT)
		return weft_frags_check(worker, lane, (const uint8_t *const[2]){ flow.src, flow.dst });
	bad = judge_one(worker, vec, &flow, vec->pkts[i], true);
	if (bad < 0 && lane->flags & WEFT_LANE_FRAGMENT && !vec->dry_run)
		bad = weft_frags_note(worker, lane, (const uint8_t *const[2]){ flow.src, flow.dst });
	return bad;
}

int
weft_multicast_may_enter(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t member)
{
	struct flow flow;

	if (lane->flags & WEFT_LANE_ARP || weft_snapshot_slot(worker->snap, member)->policy == NULL)
		return -1;
	if (weft_ethertype_is_other(lane))
		return weft_ethertype_judge(worker, vec, lane, m, member, false);
	// Later fragments need no check: a receiver that did not get the first one cannot use them.
	if (passes(lane, m) || lane->flags & WEFT_LANE_LATER_FRAGMENT)
		return -1;
	flow = weft_flow_of(worker, lane, m);
	flow.to = member;
	return judge_one(worker, vec, &flow, m, false);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Floods broadcast, multicast and unknown unicast: within the port's limits, each member of the domain gets a copy.
#include "pipeline/firewall/multicast.h"
#include "pipeline/multicast/snoop.h"
#include "pipeline/overlay/neighbour.h"
#include "pipeline/send/drop.h"
#include "pipeline/tables/groups.h"
#include "weft/explain.h"
#include "weft/packet_rate.h"
#include "weft/stage.h"
#include "weft/worker.h"

#include "deliver.h"

#define MAC_MASK  UINT64_C(0xffffffffffff)
#define GROUP_BIT (UINT64_C(1) << 40)
// MAC addresses of the groups to which neighbour solicitations go (RFC 4291, 2.7.1; RFC 2464, 7).
#define SOLICITED 0x3333ff

static const enum weft_drop_reason over_limit[WEFT_N_FLOOD_CLASSES] = {
	[WEFT_FLOOD_BROADCAST] = WEFT_DROP_FLOOD_BROADCAST,
	[WEFT_FLOOD_MULTICAST] = WEFT_DROP_FLOOD_MULTICAST,
	[WEFT_FLOOD_UNKNOWN] = WEFT_DROP_FLOOD_UNKNOWN,
	[WEFT_FLOOD_ARP] = WEFT_DROP_FLOOD_ARP,
};

static enum weft_flood_class
class_of(const struct weft_lane *lane)
{
	if (!(lane->dst & GROUP_BIT))
		return WEFT_FLOOD_UNKNOWN;
	if (lane->flags & WEFT_LANE_ARP || (lane->dst & MAC_MASK) >> 24 == SOLICITED)
		return WEFT_FLOOD_ARP;
	return (lane->dst & MAC_MASK) == MAC_MASK ? WEFT_FLOOD_BROADCAST : WEFT_FLOOD_MULTICAST;
}

// The decision of the last member's rules: the next member often has the same rules.
struct admission {
	const struct weft_policy *policy;
	int bad;
	bool refused; // the rules of some member have refused the packet
};

static bool
within_limit(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_lane *lane,
	enum weft_flood_class class)
{
	const struct weft_rate *rate = &weft_snapshot_slot(worker->snap, lane->in)->flood[class];
	uint64_t *spent = &worker->flood[lane->in].spent[class];
	uint64_t next;

	if (rate->cost == 0)
		return true;
	next = weft_rate_next(rate, *spent, vec->now);
	if (next && !vec->dry_run)
		*spent = next;
	return next != 0;
}

// Whether PORT, in the slot MEMBER, is in the audience. Uplinks always are: what joins beyond them is not all seen
// here.
static inline bool
is_meant(const struct weft_worker *worker, const struct weft_port_conf *port, uint16_t member, enum audience audience,
	const struct group *group)
{
	const struct group routers = { .domain = group->domain, .v6 = group->v6 };

	if (likely(audience == AUDIENCE_ALL) || port->tagging == WEFT_TAG_UPLINK ||
		weft_groups_wants(worker, &routers, member))
		return true;
	return audience == AUDIENCE_MEMBERS ? weft_groups_wants(worker, group, member) : port->peer != NULL;
}

// Whether MEMBER gets a copy of M. Neighbours in the list mostly have the same rules, which are then asked once.
static bool
gets_it(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m,
	uint16_t member, struct admission *last)
{
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, member);
	const struct weft_policy *policy = port->policy;

	// A host that sends a flooded frame through a tunnel sends it to all hosts itself.
	if (member == lane->in || (lane->outer && port->peer))
		return false;
	if (policy == NULL)
		return true;
	if (policy != last->policy) {
		last->policy = policy;
		last->bad = weft_multicast_may_enter(worker, vec, lane, m, member);
	}
	last->refused = last->refused || last->bad >= 0;
	return last->bad < 0;
}

// Sends M to the members in the audience, but not to the port that it came from, nor to members whose rules refuse
// it. All but the last get copies; the last gets M.
static void
replicate(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, struct rte_mbuf *m,
	enum audience audience, const struct group *group)
{
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, lane->domain);
	uint16_t waiting = WEFT_PORT_NONE;
	struct admission last = { .bad = -1 };

	for (uint32_t i = 0; i < domain->n_ports; i++) {
		struct rte_mbuf *copy = m;

		if (!is_meant(worker, weft_snapshot_slot(worker->snap, domain->ports[i]), domain->ports[i], audience,
			    group))
			continue;
		if (!gets_it(worker, vec, lane, m, domain->ports[i], &last))
			continue;
		if (waiting != WEFT_PORT_NONE) {
			if (!vec->dry_run) {
				copy = rte_pktmbuf_copy(m, worker->pool, 0, UINT32_MAX);
				if (unlikely(copy == NULL)) {
					weft_drop_mbuf(worker, m, WEFT_DROP_FLOOD_NO_MBUF);
					return;
				}
				copy->port = lane->in;
				worker->counters.port[lane->in].created++;
			}
			deliver(worker, vec, lane, waiting, copy);
		}
		waiting = domain->ports[i];
	}
	if (waiting != WEFT_PORT_NONE)
		deliver(worker, vec, lane, waiting, m);
	else if (!vec->dry_run)
		weft_drop_mbuf(worker, m, last.refused ? WEFT_DROP_FW_INGRESS : WEFT_DROP_FLOOD_EMPTY);
}

weft_lanes
weft_flood_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	weft_lanes flood = vec->flood & mask;

	WEFT_FOREACH_LANE (i, flood) {
		const struct weft_lane *lane = &vec->lanes[i];
		enum weft_flood_class class = class_of(lane);
		enum audience audience;
		struct group group;

		if (within_limit(worker, vec, lane, class)) {
			if (weft_neighbour_answer(worker, vec, i))
				continue;
			audience = weft_snoop(worker, vec, i, &group);
			if (vec->explain && audience != AUDIENCE_ALL)
				weft_explain_add(vec->explain, WEFT_STAGE_flood,
					audience == AUDIENCE_MEMBERS ? "to those who have joined its group"
								     : "to routers and other hosts");
			replicate(worker, vec, lane, vec->pkts[i], audience, &group);
			continue;
		}
		if (vec->explain)
			weft_explain_add(
				vec->explain, WEFT_STAGE_flood, "refused: %s", weft_drop_text(over_limit[class]));
		weft_drop(worker, vec, UINT64_C(1) << i, over_limit[class]);
	}
	return mask & ~flood;
}

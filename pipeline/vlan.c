// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which broadcast domain a frame belongs to: the port's VLAN mode and the frame's outer tag decide.
#include "stages.h"

#define VID(tci) ((tci)&0xfff)

// What was looked up last for a frame from another host: they come in trains.
struct number {
	uint64_t key;
	uint16_t domain; // 0: none here
};

// The domain of a frame from another host: its network's number, and inside the network its tag. Returns -1, or the
// drop reason.
static int
classify_tunnelled(const struct weft_snapshot *snap, struct weft_lane *lane, struct number *last)
{
	const struct weft_mactab *tab = &snap->static_macs;
	uint16_t vid = lane->n_tags ? VID(lane->tci) : 0;
	uint64_t key = weft_tunnel_key(lane->tunnel, lane->vni, vid);
	const struct weft_mac_entry *entry;

	if (key != last->key) {
		entry = weft_mactab_find(tab, key, weft_mactab_hash(tab, key));
		*last = (struct number){ key, entry ? entry->port : 0 };
	}
	lane->domain = last->domain;
	lane->strip = lane->n_tags != 0;
	return likely(lane->domain) ? -1 : (int)WEFT_DROP_TUNNEL_NETWORK;
}

// Returns -1 with the lane's domain set, or the reason to drop it.
static inline int
classify(const struct weft_port_conf *port, struct weft_lane *lane)
{
	bool tagged = lane->n_tags && VID(lane->tci);

	if (likely(lane->n_tags == 0)) {
		lane->domain = port->native;
		return likely(lane->domain) ? -1 : (int)WEFT_DROP_VLAN_UNTAGGED;
	}
	// A tag with VLAN 0 carries a priority and nothing else (IEEE 802.1Q, 6.9).
	lane->strip = port->tagging != WEFT_TAG_TUNNEL;
	switch (port->tagging) {
	case WEFT_TAG_ACCESS:
		if (unlikely(tagged))
			return WEFT_DROP_VLAN_TAGGED;
		lane->domain = port->native;
		break;
	case WEFT_TAG_TUNNEL:
		lane->domain = port->native;
		break;
	default:
		if (!tagged)
			lane->domain = port->native;
		else if (lane->tpid == port->tpid && port->vid_domain)
			lane->domain = port->vid_domain[VID(lane->tci)];
		if (unlikely(lane->domain == 0 && tagged))
			return WEFT_DROP_VLAN_NOT_ALLOWED;
	}
	return likely(lane->domain) ? -1 : (int)WEFT_DROP_VLAN_UNTAGGED;
}

static void
explain(struct weft_explain *explain, const struct weft_snapshot *snap, const struct weft_port_conf *port,
	const struct weft_lane *lane, int bad)
{
	if (bad >= 0)
		weft_explain_add(explain, "vlan", "refused on port %s: %s", port->name, weft_drop_text(bad));
	else
		weft_explain_add(explain, "vlan", "port %s, domain %s", port->name,
			weft_snapshot_domain(snap, lane->domain)->name);
}

weft_lanes
weft_vlan_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_snapshot *snap = worker->snap;
	struct number last = { 0 };
	weft_lanes good = mask;

	WEFT_FOREACH_LANE (i, mask) {
		struct weft_lane *lane = &vec->lanes[i];
		const struct weft_port_conf *port = weft_snapshot_slot(snap, lane->in);
		int bad;

		if (unlikely(lane->outer))
			bad = classify_tunnelled(snap, lane, &last);
		else
			bad = likely(port->up) ? classify(port, lane) : WEFT_DROP_PORT_DOWN + port->closed;

		lane->src = weft_mac_key(lane->domain, lane->src);
		lane->dst = weft_mac_key(lane->domain, lane->dst);
		if (unlikely(vec->explain != NULL))
			explain(vec->explain, snap, port, lane, bad);
		if (unlikely(bad >= 0)) {
			weft_drop(worker, vec, UINT64_C(1) << i, bad);
			good &= ~(UINT64_C(1) << i);
		}
	}
	return good;
}

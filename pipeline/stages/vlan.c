// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Finds the broadcast domain of each frame by the port's VLAN mode and the frame's tag that counts; for frames from other
// hosts by the network's number, and by the generation that their sender names.
#include "pipeline/send/drop.h"
#include "pipeline/send/port.h"
#include "weft/explain.h"
#include "weft/stage.h"
#include "weft/worker.h"

#define VID(tci) ((tci)&0xfff)

// The snapshots that may judge a frame. LATE: the one in force, though the sender knew an older one only.
enum when { PRESENT, BEFORE, NEXT, LATE };

// The result for the last frame from another host. Such frames come in trains, and the next often needs the same.
struct found {
	uint64_t key;	     // its network's number, and its tag inside the network
	uint32_t generation; // the generation that it names
	uint8_t stamped;
	uint16_t domain; // 0: its network is not on this host
	enum when when;
};

static uint16_t
domain_in(const struct weft_snapshot *snap, uint64_t key)
{
	const struct weft_mactab *tab = &snap->static_macs;
	const struct weft_mac_entry *entry = weft_mactab_find(tab, key, weft_mactab_hash(tab, key));

	return entry ? entry->port : 0;
}

// Whether SNAP has the network with KEY, and a sender at GENERATION knows its last change, whose generation is
// *CHANGED. Generations wrap.
static bool
knows(const struct weft_snapshot *snap, uint64_t key, uint32_t generation, uint32_t *changed)
{
	uint16_t domain = domain_in(snap, key);

	*changed = weft_snapshot_domain(snap, domain)->changed;
	return domain && (int32_t)(generation - *changed) >= 0;
}

// The snapshot for a frame that its sender has judged by GENERATION: the one in which the frame's network is as it
// was for the sender.
static enum when
when(const struct weft_worker *worker, uint64_t key, uint32_t generation)
{
	uint32_t now, then;

	if (knows(worker->snap, key, generation, &now))
		return worker->generations.next && knows(worker->generations.next, key, generation, &then) &&
				       then != now
			       ? NEXT
			       : PRESENT;
	if (worker->generations.next && knows(worker->generations.next, key, generation, &then))
		return NEXT; // the network is not on this host yet
	if (worker->generations.before && knows(worker->generations.before, key, generation, &then) && then != now)
		return BEFORE;
	return LATE;
}

static void
find(const struct weft_worker *worker, const struct weft_lane *lane, uint64_t key, struct found *found)
{
	*found = (struct found){ .key = key,
		.generation = lane->generation,
		.stamped = lane->stamped,
		.domain = domain_in(worker->snap, key),
		.when = PRESENT };
	if (lane->stamped && !worker->generations.present)
		found->when = when(worker, key, lane->generation);
}

// Sets the domain of a frame from another host.
static inline void
classify_tunnelled(const struct weft_worker *worker, struct weft_lane *lane, struct found *found)
{
	uint64_t key = weft_tunnel_key(lane->tunnel, lane->vni, lane->n_tags ? VID(lane->tci) : 0);

	if (unlikely(key != found->key || lane->generation != found->generation || lane->stamped != found->stamped))
		find(worker, lane, key, found);
	lane->domain = found->domain;
	lane->strip = lane->n_tags ? lane->skipped + 1 : 0;
}

static inline void
count_stamp(struct weft_stamp_stats *stats, const struct weft_lane *lane, enum when when)
{
	if (unlikely(!lane->stamped))
		stats->unstamped++;
	else if (likely(when == PRESENT))
		stats->present++;
	else if (when == LATE)
		stats->late++;
}

// Sets lane I aside for the second run if another generation judges it. Returns whether it did.
static inline bool
set_aside(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, enum when when)
{
	if (likely(when == PRESENT || when == LATE))
		return false;
	if (when == BEFORE)
		vec->before |= UINT64_C(1) << i;
	else
		vec->next |= UINT64_C(1) << i;
	if (!vec->dry_run)
		*(when == BEFORE ? &worker->counters.stamps.before : &worker->counters.stamps.next) += 1;
	return true;
}

// Sets the domain of a frame from a port of this host. Returns -1, or the drop reason.
static inline int
classify(const struct weft_port_conf *port, struct weft_lane *lane)
{
	bool tagged = weft_lane_is_tagged(lane);

	if (likely(lane->n_tags == 0)) {
		lane->domain = port->native;
		return likely(lane->domain) ? -1 : (int)WEFT_DROP_VLAN_UNTAGGED;
	}
	lane->strip = port->tagging != WEFT_TAG_QINQ ? lane->skipped + 1 : 0;
	switch (port->tagging) {
	case WEFT_TAG_ACCESS:
		if (unlikely(tagged))
			return WEFT_DROP_VLAN_TAGGED;
		lane->domain = port->native;
		break;
	case WEFT_TAG_QINQ:
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
		weft_explain_add(explain, WEFT_STAGE_vlan, "refused on port %s: %s", port->name, weft_drop_text(bad));
	else
		weft_explain_add(explain, WEFT_STAGE_vlan, "port %s, domain %s", port->name,
			weft_snapshot_domain(snap, lane->domain)->name);
}

// Hardware knows neither ports that close by themselves nor frames that keep several tags.
bool
weft_vlan_needed(const struct weft_snapshot *snap, uint16_t slot)
{
	const struct weft_port_conf *port = weft_snapshot_slot(snap, slot);

	return !port->up || port->fence_all || (port->tagging != WEFT_TAG_ACCESS && port->tagging != WEFT_TAG_UPLINK);
}

weft_lanes
weft_vlan_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_snapshot *snap = worker->snap;
	struct found found = { 0 };
	weft_lanes good = mask;

	WEFT_FOREACH_LANE (i, mask) {
		struct weft_lane *lane = &vec->lanes[i];
		const struct weft_port_conf *port = weft_snapshot_slot(snap, lane->in);
		int bad;

		if (unlikely(lane->outer)) {
			classify_tunnelled(worker, lane, &found);
			if (unlikely(set_aside(worker, vec, i, found.when))) {
				good &= ~(UINT64_C(1) << i);
				continue;
			}
			bad = likely(lane->domain) ? -1 : (int)WEFT_DROP_TUNNEL_NETWORK;
			if (!worker->generations.present && !vec->dry_run)
				count_stamp(&worker->counters.stamps, lane, found.when);
		} else {
			bad = likely(weft_port_is_open(worker, port)) ? classify(port, lane)
								      : WEFT_DROP_PORT_DOWN + port->closed;
		}
		lane->priority = unlikely(lane->strip) ? lane->tci >> 12 : 0;
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

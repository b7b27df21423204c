// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Learns the source addresses of frames, and drops frames whose source the policy gives to another port.
#include "pipeline/send/drop.h"
#include "weft/explain.h"
#include "weft/fdb.h"
#include "weft/stage.h"
#include "weft/worker.h"

// Whether the policy gives the source to another port. Ports that name their MAC address have passed the guard.
static inline bool
is_taken(const struct weft_snapshot *snap, const struct weft_lane *lane)
{
	const struct weft_mactab *tab = &snap->static_macs;
	const struct weft_mac_entry *owner = weft_mactab_find(tab, lane->src, weft_mactab_hash(tab, lane->src));

	return owner && owner->port != lane->in;
}

static inline void
learn(struct weft_worker *worker, const struct weft_vec *vec, const struct weft_lane *lane, uint16_t gen, uint64_t hash)
{
	const struct weft_mac_entry *entry = weft_mactab_find(&worker->fdb->tab, lane->src, hash);

	if (likely(entry && entry->port == lane->in && entry->gen == gen && entry->seen == worker->clock))
		return;
	if (unlikely(vec->explain != NULL))
		weft_explain_add(vec->explain, WEFT_STAGE_learn,
			entry ? "source would be refreshed" : "source would be learned");
	if (!vec->dry_run)
		weft_fdb_learn(worker, lane->src, lane->in, gen);
}

weft_lanes
weft_learn_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_snapshot *snap = worker->snap;
	uint64_t hash[WEFT_VEC_SIZE], last = 0;
	uint16_t last_in = WEFT_PORT_NONE;
	weft_lanes open = 0, bad = 0;

	// A frame that follows one of the same source on the same port needs no look-up of its own.
	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_lane *lane = &vec->lanes[i];

		if (lane->src == last && lane->in == last_in)
			continue;
		last = lane->src;
		last_in = lane->in;
		if (weft_snapshot_slot(snap, lane->in)->guard & WEFT_GUARD_MAC)
			continue;
		open |= UINT64_C(1) << i;
		hash[i] = weft_mactab_hash(&worker->fdb->tab, lane->src);
		rte_prefetch0(weft_mactab_first(&worker->fdb->tab, hash[i]));
	}
	WEFT_FOREACH_LANE (i, open) {
		const struct weft_lane *lane = &vec->lanes[i];

		if (unlikely(is_taken(snap, lane))) {
			bad |= UINT64_C(1) << i;
			continue;
		}
		if (weft_snapshot_domain(snap, lane->domain)->learning)
			learn(worker, vec, lane, weft_snapshot_slot(snap, lane->in)->gen, hash[i]);
	}
	if (likely(bad == 0))
		return mask;
	// Frames that follow a refused one of the same source are refused too.
	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_lane *lane = &vec->lanes[i];

		if (!(weft_snapshot_slot(snap, lane->in)->guard & WEFT_GUARD_MAC) && is_taken(snap, lane))
			bad |= UINT64_C(1) << i;
	}
	if (unlikely(vec->explain != NULL))
		weft_explain_add(vec->explain, WEFT_STAGE_learn, "%s", weft_drop_text(WEFT_DROP_GUARD_MAC_TAKEN));
	weft_drop(worker, vec, bad, WEFT_DROP_GUARD_MAC_TAKEN);
	return mask & ~bad;
}

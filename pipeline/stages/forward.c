// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Finds the port that each frame goes to: configured addresses first, then learned ones. Frames to other addresses
// are flooded.
#include "pipeline/send/drop.h"
#include "weft/explain.h"
#include "pipeline/tables/destination.h"
#include "weft/fdb.h"
#include "weft/link_protocol.h"
#include "weft/stage.h"
#include "weft/worker.h"

#define GROUP_BIT (UINT64_C(1) << 40)

static __rte_noinline bool
is_let_through(const struct weft_snapshot *snap, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return weft_link_is_open(lane, m, weft_snapshot_domain(snap, lane->domain)->link_protocols);
}

static inline int
verdict(const struct weft_snapshot *snap, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	if (lane->out == lane->in)
		return WEFT_DROP_FWD_SAME_PORT;
	if (likely(lane->out != WEFT_PORT_NONE))
		return unlikely(lane->outer) && weft_snapshot_slot(snap, lane->out)->peer ? (int)WEFT_DROP_FWD_TUNNEL
											  : -1;
	if (unlikely(weft_link_is_reserved(lane)) && !is_let_through(snap, lane, m))
		return WEFT_DROP_FWD_RESERVED;
	return lane->dst & GROUP_BIT || weft_snapshot_domain(snap, lane->domain)->learning ? -1
											   : (int)WEFT_DROP_FWD_UNKNOWN;
}

static void
explain(struct weft_explain *explain, const struct weft_snapshot *snap, const struct weft_lane *lane, int bad)
{
	if (bad >= 0)
		weft_explain_add(explain, WEFT_STAGE_forward, "refused: %s", weft_drop_text(bad));
	else if (lane->out)
		weft_explain_add(explain, WEFT_STAGE_forward, "to port %s", weft_snapshot_slot(snap, lane->out)->name);
	else
		weft_explain_add(explain, WEFT_STAGE_forward, "to all ports of %s",
			weft_snapshot_domain(snap, lane->domain)->name);
}

weft_lanes
weft_forward_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_snapshot *snap = worker->snap;
	const struct weft_mactab *tab = &worker->fdb->tab;
	uint64_t hash[WEFT_VEC_SIZE], last = 0;
	uint16_t last_out = WEFT_PORT_NONE;
	weft_lanes good = mask, flood = 0;

	WEFT_FOREACH_LANE (i, mask) {
		uint64_t dst = vec->lanes[i].dst;

		if (dst == last)
			continue;
		last = dst;
		hash[i] = weft_mactab_hash(tab, dst);
		rte_prefetch0(weft_mactab_first(tab, hash[i]));
	}
	last = 0;
	WEFT_FOREACH_LANE (i, mask) {
		struct weft_lane *lane = &vec->lanes[i];
		int bad;

		// Frames come in trains: the one before often had the same destination.
		if (lane->dst != last) {
			last = lane->dst;
			last_out = lane->dst & GROUP_BIT
					   ? WEFT_PORT_NONE
					   : weft_destination_find(worker, lane->domain, lane->dst, hash[i]);
		}
		lane->out = last_out;
		bad = verdict(snap, lane, vec->pkts[i]);
		if (unlikely(vec->explain != NULL))
			explain(vec->explain, snap, lane, bad);
		if (unlikely(bad >= 0)) {
			weft_drop(worker, vec, UINT64_C(1) << i, bad);
			good &= ~(UINT64_C(1) << i);
		}
		flood |= (weft_lanes)(lane->out == WEFT_PORT_NONE) << i;
	}
	vec->flood = flood & good;
	return good;
}

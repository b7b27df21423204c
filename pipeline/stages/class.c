// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Marks the packets of VMs as their plans say: writes the DSCP, and its class selector (RFC 8325, 2.3) as the
// priority in VLAN tags. Marks of congestion stay.
#include "weft/explain.h"
#include "weft/mark.h"
#include "weft/stage.h"
#include "weft/worker.h"

static void
mark(struct weft_lane *lane, struct rte_mbuf *m, uint8_t dscp)
{
	bool v6 = lane->flags & WEFT_LANE_IPV6;
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *) + lane->l3_off;

	lane->priority = (uint8_t)(dscp >> 3 << 1);
	if (v6 || lane->flags & WEFT_LANE_IPV4)
		weft_mark_set_class(ip, v6, (uint8_t)(dscp << 2 | (weft_mark_class(ip, v6) & 3)));
}

bool
weft_class_needed(const struct weft_snapshot *snap, uint16_t slot)
{
	return weft_snapshot_slot(snap, slot)->mark != 0;
}

weft_lanes
weft_class_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	if (likely(!worker->snap->marks))
		return mask;
	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, vec->lanes[i].in);

		if (port->mark == 0)
			continue;
		if (unlikely(vec->explain != NULL))
			weft_explain_add(
				vec->explain, WEFT_STAGE_class, "marked with DSCP %u by the plan", port->mark - 1);
		if (!vec->dry_run)
			mark(&vec->lanes[i], vec->pkts[i], (uint8_t)(port->mark - 1));
	}
	return mask;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The last stage: sends each frame to its port.
#include <rte_ether.h>

#include "pipeline/send/drop.h"
#include "pipeline/send/encap.h"
#include "pipeline/send/port.h"
#include "weft/stage.h"
#include "weft/worker.h"

#include "deliver.h"

// How the frames of a domain leave for a port, unless they are too large.
enum way {
	WAY_ANY,    // in different ways: each is handled by itself
	WAY_PLAIN,  // they leave unchanged, by this worker
	WAY_TUNNEL, // they are encapsulated unchanged, and leave by this worker
};

static bool
leaves_here(const struct weft_worker *worker, const struct weft_port_conf *port)
{
	return weft_port_is_open(worker, port) && (port->owner == worker->id || port->owner == WEFT_OWNER_EACH);
}

static enum way
way_to(const struct weft_worker *worker, const struct weft_vec *vec, const struct weft_port_conf *port, uint16_t domain)
{
	if (vec->explain || worker->generations.present || weft_port_tag(port, worker->snap, domain))
		return WAY_ANY;
	if (port->peer)
		return leaves_here(worker, weft_snapshot_slot(worker->snap, port->peer->uplink)) ? WAY_TUNNEL : WAY_ANY;
	return leaves_here(worker, port) ? WAY_PLAIN : WAY_ANY;
}

// The bytes that are sent to an uplink with a rate are counted for the ports that share it.
bool
weft_output_needed(const struct weft_snapshot *snap, uint16_t slot)
{
	return snap->uplink_shared && slot == snap->uplink;
}

weft_lanes
weft_output_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_port_conf *port = NULL;
	uint32_t last = 0;
	uint16_t mtu = 0;
	bool owes = false;
	enum way way = WAY_ANY;

	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_lane *lane = &vec->lanes[i];
		struct rte_mbuf *m = vec->pkts[i];
		uint32_t pair = (uint32_t)lane->domain << 16 | lane->out;
		int bad;

		// Frames come in trains: what holds for one holds for the next to the same port.
		if (pair != last) {
			last = pair;
			port = weft_snapshot_slot(worker->snap, lane->out);
			way = way_to(worker, vec, port, lane->domain);
			mtu = weft_port_mtu(port, worker->snap, lane->domain);
			owes = worker->snap->uplink_shared && way != WAY_ANY;
		}
		if (unlikely(way == WAY_ANY || lane->n_tags || m->pkt_len > (uint32_t)mtu + lane->l3_off)) {
			deliver(worker, vec, lane, lane->out, m);
		} else if (way == WAY_PLAIN) {
			if (unlikely(owes))
				weft_debt_count(worker, lane->out, m);
			weft_out_port(worker, lane->out, m);
		} else {
			bad = weft_tunnel_enter(worker, lane, lane->out, m, lane->l3_off);
			if (unlikely(bad >= 0)) {
				weft_drop_mbuf(worker, m, bad);
				continue;
			}
			if (unlikely(owes))
				weft_debt_count(worker, port->peer->uplink, m);
			weft_out_port(worker, port->peer->uplink, m);
		}
	}
	return 0;
}

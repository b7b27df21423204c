// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sends a frame to a port: checks that the port takes it, tags it as the port wants, encapsulates it for another
// host, and puts it into the outbox of the port, or of the worker that owns the port.
#include "emit.h"

#include <string.h>

#include <rte_ether.h>

#include "weft/explain.h"
#include "weft/worker.h"

#include "drop.h"
#include "encap.h"
#include "port.h"

static void
write_tag(uint8_t *frame, uint16_t tpid, uint16_t tci)
{
	frame[12] = tpid >> 8;
	frame[13] = (uint8_t)tpid;
	frame[14] = tci >> 8;
	frame[15] = (uint8_t)tci;
}

// How many tags more a frame has that gets the tag VID (0: none).
static int
tags_added(const struct weft_lane *lane, uint16_t vid)
{
	return (vid != 0) - lane->strip;
}

// Gives the frame the tag VID, or no tag for VID 0, with the priority of LANE. False: there is no room.
static bool
retag(struct rte_mbuf *m, const struct weft_lane *lane, uint16_t tpid, uint16_t vid)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *start = frame;
	int longer = tags_added(lane, vid) * WEFT_TAG_LEN;

	if (longer > 0)
		start = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)longer);
	else if (longer < 0)
		start = (uint8_t *)rte_pktmbuf_adj(m, (uint16_t)-longer);
	if (start == NULL)
		return false;
	if (longer)
		memmove(start, frame, 2 * RTE_ETHER_ADDR_LEN);
	if (vid)
		write_tag(start, tpid, (uint16_t)(lane->priority << 12 | vid));
	return true;
}

// Returns -1, or the reason why PORT, which takes MTU, does not take the packet with the tag VID.
static inline int
refuses(const struct weft_worker *worker, const struct weft_port_conf *port, uint16_t vid, uint16_t mtu,
	const struct weft_lane *lane, const struct rte_mbuf *m)
{
	if (unlikely(!weft_port_is_open(worker, port)))
		return WEFT_DROP_OUT_PORT_DOWN + port->closed;
	if (unlikely(m->pkt_len > (uint32_t)mtu + lane->l3_off))
		return WEFT_DROP_OUT_MTU;
	if (unlikely(port->owner == WEFT_OWNER_NONE && port->peer == NULL))
		return WEFT_DROP_OUT_PORT_MOVING;
	// Without a tag of its domain, a tag that is payload would name another domain wherever the frame arrives.
	if (unlikely(lane->n_tags > lane->strip && vid == 0 && port->tagging != WEFT_TAG_QINQ))
		return WEFT_DROP_OUT_TAGGED;
	return -1;
}

static void
explain(struct weft_vec *vec, const struct weft_port_conf *port, uint16_t worker, uint16_t vid, int bad)
{
	if (bad >= 0) {
		weft_explain_add(vec->explain, WEFT_STAGE_output, "port %s: %s", port->name, weft_drop_text(bad));
		vec->explain->dropped = true;
		vec->explain->reason = bad;
		return;
	}
	vec->explain->n_outputs++;
	if (port->peer)
		weft_explain_add(
			vec->explain, WEFT_STAGE_output, "host %s, through a tunnel, VLAN tag %u", port->name + 1, vid);
	else if (port->owner == worker || port->owner == WEFT_OWNER_EACH)
		weft_explain_add(vec->explain, WEFT_STAGE_output, "port %s, VLAN tag %u", port->name, vid);
	else
		weft_explain_add(vec->explain, WEFT_STAGE_output, "port %s, VLAN tag %u, by worker %u", port->name, vid,
			port->owner);
}

struct rte_mbuf *
weft_frame_new(struct weft_worker *worker, uint16_t port, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(worker->pool);

	if (m == NULL || rte_pktmbuf_append(m, len) == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	m->port = port;
	worker->counters.port[port].created++;
	return m;
}

int
weft_emit(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, uint16_t out,
	struct rte_mbuf *m)
{
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, out);
	uint16_t vid = weft_port_tag(port, worker->snap, lane->domain);
	int bad = refuses(worker, port, vid, weft_port_mtu(port, worker->snap, lane->domain), lane, m);

	// A frame that another generation judges only goes to ports that are still here in the one in force.
	if (unlikely(worker->generations.present != NULL) &&
		weft_snapshot_slot(worker->generations.present, out)->gen != port->gen)
		bad = WEFT_DROP_OUT_PORT_GONE;
	if (unlikely(vec->explain != NULL))
		explain(vec, port, worker->id, vid, bad);
	if (unlikely(vec->dry_run))
		return -1;
	if (unlikely(bad >= 0))
		return bad;
	if (unlikely(lane->strip || vid) && !retag(m, lane, port->tpid, vid))
		bad = WEFT_DROP_OUT_NO_ROOM;
	if (unlikely(port->peer != NULL) && likely(bad < 0)) {
		uint32_t l3_off = lane->l3_off + (uint32_t)(tags_added(lane, vid) * WEFT_TAG_LEN);

		bad = weft_tunnel_enter(worker, lane, out, m, l3_off);
		out = port->peer->uplink;
		port = weft_snapshot_slot(worker->snap, out);
		if (bad < 0)
			bad = refuses(
				worker, port, 0, port->mtu, &(struct weft_lane){ .l3_off = RTE_ETHER_HDR_LEN }, m);
	}
	// M is not the frame that the caller gave any more.
	if (unlikely(bad >= 0)) {
		weft_drop_mbuf(worker, m, bad);
		return -1;
	}
	weft_debt_count(worker, out, m);
	if (likely(port->owner == worker->id || port->owner == WEFT_OWNER_EACH))
		weft_out_port(worker, out, m);
	else
		weft_out_worker(worker, port->owner, out, port->gen, m);
	return -1;
}

void
weft_emit_or_drop(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, uint16_t out,
	struct rte_mbuf *m)
{
	int bad = weft_emit(worker, vec, lane, out, m);

	if (unlikely(bad >= 0))
		weft_drop_mbuf(worker, m, bad);
}

void
weft_emit_own(struct weft_worker *worker, const struct weft_lane *lane, uint16_t out, struct rte_mbuf *m)
{
	static struct weft_vec none;

	weft_emit_or_drop(worker, &none, lane, out, m);
}

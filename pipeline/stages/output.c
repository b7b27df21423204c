// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The last stage: checks the destination port, tags the frame as the port wants it, and puts it into the
// outbox of the port or of the worker that owns the port.
#include <rte_ether.h>

#include "stages.h"

#define TAG_LEN 4

static void
write_tag(uint8_t *frame, uint16_t tpid, uint16_t tci)
{
	frame[12] = tpid >> 8;
	frame[13] = (uint8_t)tpid;
	frame[14] = tci >> 8;
	frame[15] = (uint8_t)tci;
}

// Gives the frame the tag VID, or none; the priority of a tag that it had stays. False: no room.
static bool
retag(struct rte_mbuf *m, const struct weft_lane *lane, uint16_t tpid, uint16_t vid)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t tci = (uint16_t)(lane->priority << 12 | vid);

	if (lane->strip && !vid) {
		memmove(frame + TAG_LEN, frame, 2 * RTE_ETHER_ADDR_LEN);
		rte_pktmbuf_adj(m, TAG_LEN);
	} else if (!lane->strip && vid) {
		uint8_t *start = (uint8_t *)rte_pktmbuf_prepend(m, TAG_LEN);

		if (start == NULL)
			return false;
		memmove(start, frame, 2 * RTE_ETHER_ADDR_LEN);
		write_tag(start, tpid, tci);
	} else {
		write_tag(frame, tpid, tci);
	}
	return true;
}

// The most that PORT takes of the domain: in a tunnel, what the network may have.
static inline uint16_t
mtu_on(const struct weft_port_conf *port, const struct weft_snapshot *snap, uint16_t domain)
{
	return unlikely(port->peer != NULL) ? weft_snapshot_domain(snap, domain)->mtu : port->mtu;
}

// Returns -1, or the reason why PORT, which takes MTU, does not take the packet.
static inline int
refuses(const struct weft_worker *worker, const struct weft_port_conf *port, uint16_t mtu, const struct weft_lane *lane,
	const struct rte_mbuf *m)
{
	if (unlikely(!weft_is_open(worker, port)))
		return WEFT_DROP_OUT_PORT_DOWN + port->closed;
	if (unlikely(m->pkt_len > (uint32_t)mtu + lane->l3_off))
		return WEFT_DROP_OUT_MTU;
	if (unlikely(port->owner == WEFT_OWNER_NONE && port->peer == NULL))
		return WEFT_DROP_OUT_PORT_MOVING;
	return -1;
}

static void
explain(struct weft_vec *vec, const struct weft_port_conf *port, uint16_t worker, uint16_t vid, int bad)
{
	if (bad >= 0) {
		weft_explain_add(vec->explain, "output", "port %s: %s", port->name, weft_drop_text(bad));
		vec->explain->dropped = true;
		vec->explain->reason = bad;
		return;
	}
	vec->explain->n_outputs++;
	if (port->peer)
		weft_explain_add(vec->explain, "output", "host %s, through a tunnel, VLAN tag %u", port->name + 1, vid);
	else if (port->owner == worker || port->owner == WEFT_OWNER_EACH)
		weft_explain_add(vec->explain, "output", "port %s, VLAN tag %u", port->name, vid);
	else
		weft_explain_add(
			vec->explain, "output", "port %s, VLAN tag %u, by worker %u", port->name, vid, port->owner);
}

struct rte_mbuf *
weft_new_frame(struct weft_worker *worker, uint16_t port, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(worker->pool);

	if (m == NULL || rte_pktmbuf_append(m, len) == NULL) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	m->port = port;
	worker->stats[port].created++;
	return m;
}

void
weft_emit(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, uint16_t out,
	struct rte_mbuf *m)
{
	const struct weft_port_conf *port = weft_snapshot_slot(worker->snap, out);
	uint16_t vid = weft_tag_on(port, worker->snap, lane->domain), mtu = mtu_on(port, worker->snap, lane->domain);
	int bad = refuses(worker, port, mtu, lane, m);

	// What is judged by another generation than the one in force goes to ports that are there now only.
	if (unlikely(worker->present != NULL) && weft_snapshot_slot(worker->present, out)->gen != port->gen)
		bad = WEFT_DROP_OUT_PORT_GONE;
	if (unlikely(vec->explain != NULL))
		explain(vec, port, worker->id, vid, bad);
	if (unlikely(vec->dry_run))
		return;
	if (unlikely(bad == WEFT_DROP_OUT_MTU))
		weft_too_big(worker, vec, lane, m, mtu);
	if (likely(bad < 0) && unlikely(lane->strip || vid) && !retag(m, lane, port->tpid, vid))
		bad = WEFT_DROP_OUT_NO_ROOM;
	if (unlikely(port->peer != NULL) && likely(bad < 0)) {
		bad = weft_tunnel_enter(
			worker, lane, out, m, lane->l3_off + (vid ? TAG_LEN : 0) - (lane->strip ? TAG_LEN : 0));
		out = port->peer->uplink;
		port = weft_snapshot_slot(worker->snap, out);
		if (bad < 0)
			bad = refuses(worker, port, port->mtu, &(struct weft_lane){ .l3_off = RTE_ETHER_HDR_LEN }, m);
	}
	if (likely(bad < 0))
		weft_count_owed(worker, out, m);
	if (unlikely(bad >= 0))
		weft_drop_mbuf(worker, m, bad);
	else if (likely(port->owner == worker->id || port->owner == WEFT_OWNER_EACH))
		weft_out_port(worker, out, m);
	else
		weft_out_worker(worker, port->owner, out, port->gen, m);
}

void
weft_emit_own(struct weft_worker *worker, const struct weft_lane *lane, uint16_t out, struct rte_mbuf *m)
{
	static struct weft_vec none;

	weft_emit(worker, &none, lane, out, m);
}

// What holds for frames of a domain to a port, as long as they fit.
enum way {
	WAY_ANY,    // nothing: each is looked at
	WAY_PLAIN,  // they leave as they are, by this worker
	WAY_TUNNEL, // they go into a tunnel as they are, and that leaves by this worker
};

static bool
leaves_here(const struct weft_worker *worker, const struct weft_port_conf *port)
{
	return weft_is_open(worker, port) && (port->owner == worker->id || port->owner == WEFT_OWNER_EACH);
}

static enum way
way_to(const struct weft_worker *worker, const struct weft_vec *vec, const struct weft_port_conf *port, uint16_t domain)
{
	if (vec->explain || worker->present || weft_tag_on(port, worker->snap, domain))
		return WAY_ANY;
	if (port->peer)
		return leaves_here(worker, weft_snapshot_slot(worker->snap, port->peer->uplink)) ? WAY_TUNNEL : WAY_ANY;
	return leaves_here(worker, port) ? WAY_PLAIN : WAY_ANY;
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

		// Frames come in trains: what holds for one holds for those that follow it to the same port.
		if (pair != last) {
			last = pair;
			port = weft_snapshot_slot(worker->snap, lane->out);
			way = way_to(worker, vec, port, lane->domain);
			mtu = mtu_on(port, worker->snap, lane->domain);
			owes = worker->snap->link && way != WAY_ANY;
		}
		if (unlikely(way == WAY_ANY || lane->strip || m->pkt_len > (uint32_t)mtu + lane->l3_off)) {
			weft_emit(worker, vec, lane, lane->out, m);
		} else if (way == WAY_PLAIN) {
			if (unlikely(owes))
				weft_count_owed(worker, lane->out, m);
			weft_out_port(worker, lane->out, m);
		} else {
			bad = weft_tunnel_enter(worker, lane, lane->out, m, lane->l3_off);
			if (unlikely(bad >= 0)) {
				weft_drop_mbuf(worker, m, bad);
				continue;
			}
			if (unlikely(owes))
				weft_count_owed(worker, port->peer->uplink, m);
			weft_out_port(worker, port->peer->uplink, m);
		}
	}
	return 0;
}

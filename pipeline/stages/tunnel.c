// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Decapsulates frames: a datagram to this host's tunnel address on an uplink becomes the frame inside, which comes
// from the port that stands for the other host.
#include <netinet/in.h>

#include <rte_ip.h>

#include "pipeline/base/bytes.h"
#include "pipeline/overlay/underlay.h"
#include "pipeline/send/drop.h"
#include "pipeline/send/port.h"
#include "weft/bfd.h"
#include "weft/explain.h"
#include "weft/fdb.h"
#include "weft/mark.h"
#include "weft/stage.h"
#include "weft/worker.h"

#include "parse.h"

#define UDP_HEADER 8
#define TO_OTHERS  -2
#define TAKEN	   -3

// The source address of the datagram in LANE, or its destination.
static inline struct weft_ip
address_of(const struct weft_lane *lane, const uint8_t *frame, bool destination)
{
	const uint8_t *ip = frame + lane->l3_off;
	rte_be32_t v4;

	if (unlikely(lane->flags & WEFT_LANE_IPV6))
		return weft_ip6(ip + (destination ? 24 : 8));
	memcpy(&v4, ip + (destination ? 16 : 12), sizeof(v4));
	return weft_ip4(v4);
}

// Whether the frame is a UDP datagram to ADDRESS, or a fragment of one.
static inline bool
is_for(const struct weft_lane *lane, const uint8_t *frame, const struct weft_ip *address)
{
	struct weft_ip dst;

	if (!(lane->flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6)) || weft_lane_is_tagged(lane) ||
		lane->proto != IPPROTO_UDP)
		return false;
	dst = address_of(lane, frame, true);
	return weft_ip_same(&dst, address);
}

// The host that was looked up last: packets come in trains.
struct sender {
	struct weft_ip address;
	uint16_t peer; // WEFT_PORT_NONE: the address is no host's
};

static inline uint16_t
peer_of(const struct weft_snapshot *snap, const uint8_t *frame, const struct weft_lane *lane, struct sender *last)
{
	struct weft_ip src = address_of(lane, frame, false);

	if (unlikely(!weft_ip_same(&src, &last->address)))
		*last = (struct sender){ src, weft_underlay_peer(snap, &src) };
	return last->peer;
}

// A checksum must be right if there is one. Over IPv6 there must be one, unless this host does without (RFC 6936).
static inline bool
checksum_is_bad(const struct weft_lane *lane, const struct rte_mbuf *m, const struct weft_underlay *underlay)
{
	const uint8_t *udp = rte_pktmbuf_mtod(m, const uint8_t *) + lane->l4_off;

	if (likely(!(udp[6] | udp[7])))
		return lane->flags & WEFT_LANE_IPV6 && !underlay->zero_checksum;
	return weft_outer_sum(m, lane->l3_off, lane->l4_off, be16(udp + 4)) != 0xffff;
}

// Combines the ECN fields of the outer and the inner header (RFC 6040, figure 4). Returns -1, or the drop reason.
static int
unite_ecn(uint8_t *frame, const struct weft_lane *lane, enum weft_ecn outer)
{
	bool v4 = lane->flags & WEFT_LANE_IPV4, v6 = lane->flags & WEFT_LANE_IPV6;
	uint8_t *ip = frame + lane->l3_off;
	uint8_t class = v4 || v6 ? weft_mark_class(ip, v6) : WEFT_ECN_NOT_ECT;
	enum weft_ecn inner = class & 3;

	if (likely(outer == WEFT_ECN_NOT_ECT || outer == WEFT_ECN_ECT_0 || inner == WEFT_ECN_CE))
		return -1;
	if (outer == WEFT_ECN_CE && inner == WEFT_ECN_NOT_ECT)
		return v4 || v6 ? (int)WEFT_DROP_TUNNEL_ECN : -1;
	if (outer == WEFT_ECN_CE || inner == WEFT_ECN_ECT_0)
		weft_mark_set_class(ip, v6, (uint8_t)((class & 0xfc) | outer));
	return -1;
}

// Removes the tunnel's headers from the frame in LANE. Returns -1, or the drop reason.
static int
take_out(const struct weft_worker *worker, struct weft_lane *lane, struct rte_mbuf *m, uint16_t udp_port,
	const struct weft_underlay *underlay, struct sender *last)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t at = lane->l4_off + UDP_HEADER, end = lane->l4_off + be16(frame + lane->l4_off + 4);
	enum weft_ecn ecn = weft_mark_class(frame + lane->l3_off, lane->flags & WEFT_LANE_IPV6) & 3;
	uint16_t peer = peer_of(worker->snap, frame, lane, last);
	struct weft_outer outer;
	int bad;

	if (unlikely(peer == WEFT_PORT_NONE))
		return WEFT_DROP_TUNNEL_PEER;
	if (unlikely(at > m->data_len))
		return WEFT_DROP_TUNNEL_HEADER;
	if (unlikely(checksum_is_bad(lane, m, underlay)))
		return WEFT_DROP_TUNNEL_CHECKSUM;
	bad = weft_outer_parse(frame + at, RTE_MIN(end, (uint32_t)m->data_len) - at, udp_port, &outer);
	if (unlikely(bad >= 0))
		return bad;
	if (unlikely(m->pkt_len > end) && rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - end)))
		return WEFT_DROP_TUNNEL_HEADER;
	at += outer.size;
	frame = (uint8_t *)rte_pktmbuf_adj(m, (uint16_t)at);
	if (unlikely(frame == NULL))
		return WEFT_DROP_TUNNEL_HEADER;
	bad = weft_parse_frame(frame, m->data_len, m->pkt_len, lane);
	if (unlikely(bad >= 0))
		return bad;
	lane->in = peer;
	lane->outer = (uint16_t)at;
	lane->vni = outer.vni;
	lane->tunnel = outer.tunnel;
	lane->stamped = outer.stamped && outer.cluster == worker->snap->cluster;
	lane->generation = outer.generation;
	return unite_ecn(frame, lane, ecn);
}

static void
explain(struct weft_explain *explain, const struct weft_snapshot *snap, const struct weft_lane *lane, int bad)
{
	if (bad >= 0)
		weft_explain_add(explain, WEFT_STAGE_tunnel, "refused: %s", weft_drop_text(bad));
	else
		weft_explain_add(explain, WEFT_STAGE_tunnel, "%s, network %u, from host %s",
			lane->tunnel == WEFT_TUNNEL_VXLAN ? "VXLAN" : "Geneve", lane->vni,
			weft_snapshot_slot(snap, lane->in)->name + 1);
}

// Handles a frame to the tunnel address. Returns -1, or the drop reason; or TO_OTHERS if the frame is for another
// address or port, or TAKEN if the switch has consumed it.
static int
receive(struct weft_worker *worker, struct weft_vec *vec, unsigned int i, const struct weft_underlay *underlay,
	struct sender *last)
{
	struct weft_lane *lane = &vec->lanes[i];
	struct rte_mbuf *m = vec->pkts[i];
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t port;
	int bad;

	if (!is_for(lane, frame, &underlay->address))
		return TO_OTHERS;
	if (unlikely(lane->flags & WEFT_LANE_FRAGMENT))
		return WEFT_DROP_TUNNEL_FRAGMENT;
	port = be16(frame + lane->l4_off + 2);
	if (likely(port == WEFT_VXLAN_PORT || port == WEFT_GENEVE_PORT))
		return take_out(worker, lane, m, port, underlay, last);
	if (port != WEFT_BFD_PORT && port != WEFT_BFD_PORT_FAR)
		return TO_OTHERS;
	bad = checksum_is_bad(lane, m, underlay)
		      ? (int)WEFT_DROP_TUNNEL_CHECKSUM
		      : weft_bfd_hear(worker, vec, i, peer_of(worker->snap, frame, lane, last));
	return bad < 0 ? TAKEN : bad;
}

// Another host is reached through a tunnel.
bool
weft_tunnel_needed(const struct weft_snapshot *snap, uint16_t slot)
{
	return weft_snapshot_slot(snap, slot)->peer != NULL;
}

weft_lanes
weft_tunnel_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_snapshot *snap = worker->snap;
	struct sender last = { .peer = WEFT_PORT_NONE };
	weft_lanes gone = 0, taken = 0;

	if (likely(snap->underlay == WEFT_PORT_NONE))
		return mask;
	WEFT_FOREACH_LANE (i, mask) {
		const struct weft_lane *lane = &vec->lanes[i];
		const struct weft_port_conf *port = weft_snapshot_slot(snap, lane->in);
		const struct weft_underlay *underlay = port->underlay;
		int bad;

		// A closed port receives nothing, but an uplink that has just become the standby one still gets the
		// datagrams of tunnels that were on their way.
		if (underlay == NULL ||
			(unlikely(!weft_port_is_open(worker, port)) && port->closed != WEFT_CLOSED_STANDBY))
			continue;
		if (unlikely(lane->flags & WEFT_LANE_ARP || lane->proto == IPPROTO_ICMPV6) &&
			weft_underlay_concerns(lane, vec->pkts[i])) {
			gone |= (weft_lanes)weft_underlay_hear(worker, vec, i) << i;
			continue;
		}
		bad = receive(worker, vec, i, underlay, &last);
		if (bad == TO_OTHERS)
			continue;
		if (unlikely(bad == TAKEN)) {
			taken |= UINT64_C(1) << i;
			continue;
		}
		if (unlikely(vec->explain != NULL))
			explain(vec->explain, snap, lane, bad);
		if (unlikely(bad >= 0)) {
			weft_drop(worker, vec, UINT64_C(1) << i, bad);
			gone |= UINT64_C(1) << i;
		}
	}
	weft_take(worker, vec, taken);
	return mask & ~(gone | taken);
}

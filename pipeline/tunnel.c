// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Takes frames out of tunnels: what comes to the uplink for this host's tunnel address goes on as the frame inside,
// from the port that stands for the other host.
#include <netinet/in.h>

#include <rte_ip.h>

#include "weft/fdb.h"

#include "bytes.h"
#include "stages.h"

#define UDP_HEADER 8

enum ecn { NOT_ECT, ECT_1, ECT_0, CE };

// Whether the frame is a datagram, or a fragment of one, to UDP at ADDRESS.
static inline bool
is_for(const struct weft_lane *lane, const uint8_t *frame, rte_be32_t address)
{
	rte_be32_t dst;

	if (!(lane->flags & WEFT_LANE_IPV4) || lane->n_tags || lane->proto != IPPROTO_UDP)
		return false;
	memcpy(&dst, frame + lane->l3_off + 16, sizeof(dst));
	return dst == address;
}

// The host that was looked up last: packets come in trains.
struct sender {
	rte_be32_t address;
	uint16_t peer; // WEFT_PORT_NONE: it is none
};

static inline uint16_t
peer_of(const struct weft_snapshot *snap, const uint8_t *frame, const struct weft_lane *lane, struct sender *last)
{
	const struct weft_mactab *tab = &snap->static_macs;
	const struct weft_mac_entry *entry;
	rte_be32_t src;

	memcpy(&src, frame + lane->l3_off + 12, sizeof(src));
	if (src != last->address) {
		entry = weft_mactab_find(tab, weft_peer_key(src), weft_mactab_hash(tab, weft_peer_key(src)));
		*last = (struct sender){ src, entry ? entry->port : WEFT_PORT_NONE };
	}
	return last->peer;
}

// Says in the inner IP header what the outer one says of congestion.
static void
mark_ecn(uint8_t *ip, bool v6, enum ecn ecn)
{
	rte_be16_t before, after, sum;
	uint32_t folded;

	if (v6) {
		ip[1] = (uint8_t)((ip[1] & 0xcf) | ecn << 4);
		return;
	}
	memcpy(&before, ip, sizeof(before));
	ip[1] = (uint8_t)((ip[1] & 0xfc) | ecn);
	memcpy(&after, ip, sizeof(after));
	memcpy(&sum, ip + 10, sizeof(sum));
	// RFC 1624, equation 3.
	folded = (uint16_t)~sum + (uint16_t)~before + after;
	folded = (folded & 0xffff) + (folded >> 16);
	folded = (folded & 0xffff) + (folded >> 16);
	sum = (rte_be16_t)~folded;
	memcpy(ip + 10, &sum, sizeof(sum));
}

// RFC 6040, figure 4. Returns -1, or the drop reason.
static int
unite_ecn(uint8_t *frame, const struct weft_lane *lane, enum ecn outer)
{
	bool v4 = lane->flags & WEFT_LANE_IPV4, v6 = lane->flags & WEFT_LANE_IPV6;
	uint8_t *ip = frame + lane->l3_off;
	enum ecn inner = v4 ? ip[1] & 3 : v6 ? ip[1] >> 4 & 3 : NOT_ECT;

	if (likely(outer == NOT_ECT || outer == ECT_0 || inner == CE))
		return -1;
	if (outer == CE && inner == NOT_ECT)
		return v4 || v6 ? (int)WEFT_DROP_TUNNEL_ECN : -1;
	if (outer == CE || inner == ECT_0)
		mark_ecn(ip, v6, outer);
	return -1;
}

// Takes the tunnel's headers off the frame in LANE. Returns -1, or the drop reason.
static int
take_out(const struct weft_worker *worker, struct weft_lane *lane, struct rte_mbuf *m, uint16_t udp_port,
	struct sender *last)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t at = lane->l4_off + UDP_HEADER, end = lane->l4_off + be16(frame + lane->l4_off + 4);
	enum ecn ecn = frame[lane->l3_off + 1] & 3;
	uint16_t peer = peer_of(worker->snap, frame, lane, last);
	struct weft_outer outer;
	int bad;

	if (unlikely(peer == WEFT_PORT_NONE))
		return WEFT_DROP_TUNNEL_PEER;
	if (unlikely(at > m->data_len))
		return WEFT_DROP_TUNNEL_HEADER;
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
	return unite_ecn(frame, lane, ecn);
}

static void
explain(struct weft_explain *explain, const struct weft_snapshot *snap, const struct weft_lane *lane, int bad)
{
	if (bad >= 0)
		weft_explain_add(explain, "tunnel", "refused: %s", weft_drop_text(bad));
	else
		weft_explain_add(explain, "tunnel", "%s, network %u, from host %s",
			lane->tunnel == WEFT_TUNNEL_VXLAN ? "VXLAN" : "Geneve", lane->vni,
			weft_snapshot_slot(snap, lane->in)->name + 1);
}

weft_lanes
weft_tunnel_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	const struct weft_snapshot *snap = worker->snap;
	uint16_t uplink = snap->underlay;
	const struct weft_underlay *underlay = weft_snapshot_slot(snap, uplink)->underlay;
	struct sender last = { 0 };
	weft_lanes gone = 0;

	if (likely(underlay == NULL))
		return mask;
	WEFT_FOREACH_LANE (i, mask) {
		struct weft_lane *lane = &vec->lanes[i];
		const uint8_t *frame = rte_pktmbuf_mtod(vec->pkts[i], const uint8_t *);
		uint16_t port;
		int bad;

		if (lane->in != uplink)
			continue;
		if (unlikely(lane->flags & WEFT_LANE_ARP)) {
			gone |= (weft_lanes)weft_underlay_arp(worker, vec, i) << i;
			continue;
		}
		if (!is_for(lane, frame, underlay->address))
			continue;
		if (unlikely(lane->flags & WEFT_LANE_FRAGMENT)) {
			bad = WEFT_DROP_TUNNEL_FRAGMENT;
		} else {
			port = be16(frame + lane->l4_off + 2);
			if (port != WEFT_VXLAN_PORT && port != WEFT_GENEVE_PORT)
				continue;
			bad = take_out(worker, lane, vec->pkts[i], port, &last);
		}
		if (unlikely(vec->explain != NULL))
			explain(vec->explain, snap, lane, bad);
		if (unlikely(bad >= 0)) {
			weft_drop(worker, vec, UINT64_C(1) << i, bad);
			gone |= UINT64_C(1) << i;
		}
	}
	return mask & ~gone;
}

// What the outer header says of the packet inside: its flow in the source port, for routers that spread flows over
// paths (RFC 7348, 5), and its traffic class.
struct inner {
	uint16_t port;
	uint8_t class;
};

static inline uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

static struct inner
look_inside(const struct weft_lane *lane, const uint8_t *ip, uint64_t seed)
{
	const uint8_t *l4 = ip + (lane->l4_off - lane->l3_off);
	uint64_t words[4], h = mix(seed, lane->proto);
	struct inner inner = { 0 };
	uint32_t ports;

	if (lane->flags & WEFT_LANE_IPV4) {
		memcpy(words, ip + 12, 8);
		h = mix(h, words[0]);
		inner.class = ip[1];
	} else if (lane->flags & WEFT_LANE_IPV6) {
		memcpy(words, ip + 8, sizeof(words));
		h = mix(mix(mix(mix(h, words[0]), words[1]), words[2]), words[3]);
		inner.class = (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	} else {
		h = mix(mix(h, lane->src), lane->dst);
	}
	// All fragments of a datagram go one way: only the first has ports.
	if (lane->flags & WEFT_LANE_PORTS && !(lane->flags & WEFT_LANE_FRAGMENT)) {
		memcpy(&ports, l4, sizeof(ports));
		h = mix(h, ports);
	}
	inner.port = (uint16_t)(0xc000 | h >> 50); // RFC 6335's dynamic ports
	return inner;
}

static inline void
put16(uint8_t *p, uint16_t value)
{
	rte_be16_t be = rte_cpu_to_be_16(value);

	memcpy(p, &be, sizeof(be));
}

static inline void
put_mac(uint8_t *p, uint64_t mac)
{
	rte_be64_t be = rte_cpu_to_be_64(mac << 16);

	memcpy(p, &be, sizeof(be)); // and two bytes of what follows
}

int
weft_tunnel_enter(
	struct weft_worker *worker, const struct weft_lane *lane, uint16_t slot, struct rte_mbuf *m, uint32_t l3_off)
{
	const struct weft_peer *peer = weft_snapshot_slot(worker->snap, slot)->peer;
	const struct weft_domain *domain = weft_snapshot_domain(worker->snap, lane->domain);
	uint64_t hop = weft_neighbour_mac(&worker->neighbour[slot], peer->hop);
	uint64_t own = atomic_load_explicit(&worker->mac[peer->uplink], memory_order_relaxed);
	struct inner inner;
	uint16_t total;
	uint32_t sum;
	uint8_t *p;

	if (unlikely(hop == 0))
		return WEFT_DROP_OUT_NO_NEIGHBOUR;
	inner = look_inside(lane, rte_pktmbuf_mtod_offset(m, const uint8_t *, l3_off), worker->fdb->tab.seed);
	p = (uint8_t *)rte_pktmbuf_prepend(m, WEFT_TUNNEL_OVERHEAD);
	if (unlikely(p == NULL))
		return WEFT_DROP_OUT_NO_ROOM;
	put_mac(p, hop);
	put_mac(p + 6, own);
	memcpy(p + 12, peer->header + 12, sizeof(peer->header) - 12);
	total = (uint16_t)(m->pkt_len - 14);
	p[15] = inner.class;
	put16(p + 16, total);
	sum = peer->sum + rte_cpu_to_be_16(total) + rte_cpu_to_be_16(inner.class);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	memcpy(p + 24, &(uint16_t){ (uint16_t)~sum }, sizeof(uint16_t));
	put16(p + 34, inner.port);
	put16(p + 36, domain->tunnel == WEFT_TUNNEL_VXLAN ? WEFT_VXLAN_PORT : WEFT_GENEVE_PORT);
	put16(p + 38, (uint16_t)(total - 20));
	weft_outer_write(p + sizeof(peer->header), domain->tunnel, domain->vni);
	return -1;
}

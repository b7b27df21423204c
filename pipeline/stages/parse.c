// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The only place that reads untrusted headers: it checks every length, and notes offsets for the other stages.
#include "parse.h"

#include <netinet/in.h>

#include <rte_ether.h>

#include "pipeline/base/bytes.h"
#include "pipeline/send/drop.h"
#include "weft/explain.h"
#include "weft/stage.h"
#include "weft/worker.h"

#define ETH_LEN	      14
#define TAG_LEN	      4
#define MAX_TAGS      2
#define ARP_LEN	      28
#define IPV4_LEN      20
#define SNAP_LEN      8
#define IPV6_LEN      40
#define MAX_IPV6_EXTS 8

// The bytes of a packet: HAVE of TOTAL lie in its first buffer.
struct view {
	const uint8_t *p;
	uint32_t have;
	uint32_t total;
};

static inline uint64_t
be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return rte_be_to_cpu_64(v);
}

// Returns -1 if SIZE bytes at OFF can be read. Else SHORT_REASON, or PARSE_SPLIT if they lie in another buffer.
static inline int
need(const struct view *v, uint32_t off, uint32_t size, int short_reason)
{
	if (likely(off + size <= v->have))
		return -1;
	return off + size <= v->total ? (int)WEFT_DROP_PARSE_SPLIT : short_reason;
}

// END is where the IP datagram ends, from the start of the frame.
static inline int
parse_l4(const struct view *v, struct weft_lane *lane, uint32_t end)
{
	uint32_t off = lane->l4_off, min, len;
	int bad;

	lane->l4_len = end - off;
	switch (lane->proto) {
	case IPPROTO_TCP:
		min = 20;
		break;
	case IPPROTO_UDP:
	case IPPROTO_ICMP:
		min = 8;
		break;
	case IPPROTO_ICMPV6:
		min = 4;
		break;
	case IPPROTO_SCTP:
		min = 12;
		break;
	default:
		return -1;
	}
	if (off + min > end)
		return WEFT_DROP_PARSE_L4;
	if ((bad = need(v, off, min, WEFT_DROP_PARSE_L4)) >= 0)
		return bad;
	if (lane->proto == IPPROTO_TCP) {
		len = (v->p[off + 12] >> 4) * 4;
		if (len < 20 || off + len > end)
			return WEFT_DROP_PARSE_L4;
		if ((bad = need(v, off, len, WEFT_DROP_PARSE_L4)) >= 0)
			return bad;
	} else if (lane->proto == IPPROTO_UDP) {
		len = be16(v->p + off + 4);
		// A first fragment has fewer bytes than its datagram.
		if (len < 8 || (off + len > end && !(lane->flags & WEFT_LANE_FRAGMENT)))
			return WEFT_DROP_PARSE_L4;
	}
	lane->flags |= min < 8 || lane->proto == IPPROTO_ICMP ? WEFT_LANE_L4 : WEFT_LANE_L4 | WEFT_LANE_PORTS;
	return -1;
}

static inline int
parse_ipv4(const struct view *v, struct weft_lane *lane)
{
	uint32_t off = lane->l3_off, header, len, frag;
	int bad = need(v, off, IPV4_LEN, WEFT_DROP_PARSE_IPV4);

	if (bad >= 0)
		return bad;
	header = (v->p[off] & 0xf) * 4;
	len = be16(v->p + off + 2);
	frag = be16(v->p + off + 6);
	if (v->p[off] >> 4 != 4 || header < IPV4_LEN || len < header || off + len > v->total)
		return WEFT_DROP_PARSE_IPV4;
	if ((bad = need(v, off, header, WEFT_DROP_PARSE_IPV4)) >= 0)
		return bad;
	lane->flags |= WEFT_LANE_IPV4;
	lane->proto = v->p[off + 9];
	lane->l4_off = off + header;
	if (unlikely(frag & 0x3fff)) {
		lane->flags |= WEFT_LANE_FRAGMENT;
		lane->frag_proto = lane->proto;
		lane->frag_id = be16(v->p + off + 4);
		lane->frag_off = (frag & 0x1fff) * 8;
		lane->frag_len = len - header;
		if (lane->frag_off) {
			lane->flags |= WEFT_LANE_LATER_FRAGMENT;
			lane->l4_len = len - header;
			return -1;
		}
	}
	return parse_l4(v, lane, off + len);
}

static int
parse_ipv6(const struct view *v, struct weft_lane *lane)
{
	uint32_t off = lane->l3_off, end, len;
	uint8_t next;
	int bad = need(v, off, IPV6_LEN, WEFT_DROP_PARSE_IPV6);

	if (bad >= 0)
		return bad;
	end = off + IPV6_LEN + be16(v->p + off + 4);
	if (v->p[off] >> 4 != 6 || end > v->total)
		return WEFT_DROP_PARSE_IPV6;
	lane->flags |= WEFT_LANE_IPV6;
	next = v->p[off + 6];
	off += IPV6_LEN;
	for (unsigned int i = 0; i <= MAX_IPV6_EXTS; i++) {
		lane->proto = next;
		lane->l4_off = off;
		switch (next) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_FRAGMENT:
		case IPPROTO_AH:
			break;
		default:
			return parse_l4(v, lane, end);
		}
		if (off + 8 > end)
			return WEFT_DROP_PARSE_IPV6_EXT;
		if ((bad = need(v, off, 8, WEFT_DROP_PARSE_IPV6_EXT)) >= 0)
			return bad;
		if (next == IPPROTO_FRAGMENT) {
			uint16_t frag = be16(v->p + off + 2);

			len = 8;
			if (frag & 0xfff9) {
				lane->flags |= WEFT_LANE_FRAGMENT;
				lane->frag_proto = v->p[off];
				lane->frag_id = (uint32_t)be16(v->p + off + 4) << 16 | be16(v->p + off + 6);
				lane->frag_off = frag & 0xfff8;
				lane->frag_len = end - off - len;
			}
			if (frag & 0xfff8) {
				lane->proto = v->p[off];
				lane->l4_off = off + len;
				lane->l4_len = end - off - len;
				lane->flags |= WEFT_LANE_LATER_FRAGMENT;
				return -1;
			}
		} else {
			len = next == IPPROTO_AH ? (v->p[off + 1] + 2u) * 4 : (v->p[off + 1] + 1u) * 8;
		}
		if (off + len > end)
			return WEFT_DROP_PARSE_IPV6_EXT;
		next = v->p[off];
		off += len;
	}
	return WEFT_DROP_PARSE_IPV6_EXT;
}

static int
parse_arp(const struct view *v, struct weft_lane *lane)
{
	const uint8_t *arp = v->p + lane->l3_off;
	int bad = need(v, lane->l3_off, ARP_LEN, WEFT_DROP_PARSE_ARP);

	if (bad >= 0)
		return bad;
	// Ethernet, IPv4, and their lengths.
	if (be64(arp) >> 16 != UINT64_C(0x000108000604))
		return WEFT_DROP_PARSE_ARP;
	lane->flags |= WEFT_LANE_ARP;
	return -1;
}

static int
parse_tags(const struct view *v, struct weft_lane *lane)
{
	uint32_t off = lane->l3_off;
	int bad;

	while (lane->ethertype == RTE_ETHER_TYPE_VLAN || lane->ethertype == RTE_ETHER_TYPE_QINQ) {
		if (lane->n_tags == MAX_TAGS)
			return WEFT_DROP_PARSE_VLAN;
		if ((bad = need(v, off, TAG_LEN, WEFT_DROP_PARSE_VLAN)) >= 0)
			return bad;
		// A tag with VLAN 0 has a priority only, and the tag behind it counts (IEEE 802.1Q, 6.9).
		if (lane->n_tags == 0 || (lane->tci & 0xfff) == 0) {
			lane->skipped = lane->n_tags;
			lane->tpid = lane->ethertype;
			lane->tci = be16(v->p + off);
		}
		lane->n_tags++;
		lane->ethertype = be16(v->p + off + 2);
		off += TAG_LEN;
	}
	lane->l3_off = off;
	return -1;
}

static bool
is_tag(uint16_t ethertype)
{
	return ethertype == RTE_ETHER_TYPE_VLAN || ethertype == RTE_ETHER_TYPE_QINQ || ethertype == 0x9100 ||
	       ethertype == 0x9200;
}

static int
parse_l3(const struct view *v, struct weft_lane *lane)
{
	switch (lane->ethertype) {
	case RTE_ETHER_TYPE_IPV4:
		return parse_ipv4(v, lane);
	case RTE_ETHER_TYPE_IPV6:
		return parse_ipv6(v, lane);
	case RTE_ETHER_TYPE_ARP:
		return parse_arp(v, lane);
	default:
		return -1;
	}
}

// The frame has a length in place of the ethertype (IEEE 802.3). Some receivers take what LLC and SNAP carry for the same as
// without them, so the packet inside is judged (RFC 1042; IEEE 802.1H; CVE-2021-27853, -27861, -27862).
static __rte_noinline int
parse_llc(const uint8_t *frame, uint32_t have, uint32_t total, struct weft_lane *lane)
{
	uint32_t end = lane->l3_off + lane->ethertype;
	// What lies behind the length is padding.
	const struct view v = { frame, RTE_MIN(have, end), end };
	uint64_t header;
	uint16_t type;

	if (end > total)
		return WEFT_DROP_PARSE_LLC;
	if (lane->ethertype < SNAP_LEN)
		return -1;
	if (need(&v, lane->l3_off, SNAP_LEN, WEFT_DROP_PARSE_LLC) >= 0)
		return WEFT_DROP_PARSE_SPLIT;
	header = be64(frame + lane->l3_off);
	if (header >> 16 != UINT64_C(0xaaaa03000000) && header >> 16 != UINT64_C(0xaaaa030000f8))
		return -1;
	type = (uint16_t)header;
	if (type < WEFT_ETHERTYPE_MIN || is_tag(type))
		return WEFT_DROP_PARSE_LLC;
	lane->ethertype = type;
	lane->l3_off += SNAP_LEN;
	lane->flags |= WEFT_LANE_SNAP;
	return parse_l3(&v, lane);
}

// The fast path: IPv4 without options, not fragmented, with TCP or UDP, and valid. False: the general parser
// decides.
static inline bool
parse_plain(const uint8_t *p, uint32_t have, uint32_t total, struct weft_lane *lane)
{
	const uint32_t l4_off = ETH_LEN + IPV4_LEN;
	uint32_t len, l4_len, header;

	if (have < l4_off + 20 || p[ETH_LEN] != 0x45 || be16(p + ETH_LEN + 6) & 0x3fff)
		return false;
	len = be16(p + ETH_LEN + 2);
	l4_len = len - IPV4_LEN;
	if (len < IPV4_LEN + 8 || ETH_LEN + len > total)
		return false;
	if (p[ETH_LEN + 9] == IPPROTO_UDP) {
		header = be16(p + l4_off + 4);
		if (header < 8 || header > l4_len)
			return false;
	} else {
		header = (p[l4_off + 12] >> 4) * 4;
		if (p[ETH_LEN + 9] != IPPROTO_TCP || header < 20 || header > l4_len || l4_off + header > have)
			return false;
	}
	lane->l4_off = l4_off;
	lane->l4_len = (uint16_t)l4_len;
	lane->proto = p[ETH_LEN + 9];
	lane->flags = WEFT_LANE_IPV4 | WEFT_LANE_L4 | WEFT_LANE_PORTS;
	return true;
}

int
weft_parse_frame(const uint8_t *frame, uint32_t have, uint32_t total, struct weft_lane *lane)
{
	const struct view v = { frame, have, total };
	int bad = need(&v, 0, ETH_LEN, WEFT_DROP_PARSE_RUNT);

	if (unlikely(bad >= 0))
		return bad;
	*lane = (struct weft_lane){
		.dst = be64(frame) >> 16,
		.src = be64(frame + 4) & UINT64_C(0xffffffffffff),
		.in = lane->in,
		.ethertype = be16(frame + 12),
		.l3_off = ETH_LEN,
	};
	if (likely(lane->ethertype == RTE_ETHER_TYPE_IPV4 && !(lane->src >> 40 & 1) && lane->src) &&
		parse_plain(frame, have, total, lane))
		return -1;
	if (unlikely(lane->src >> 40 & 1 || lane->src == 0))
		return WEFT_DROP_PARSE_SOURCE;
	if (unlikely(lane->ethertype == RTE_ETHER_TYPE_VLAN || lane->ethertype == RTE_ETHER_TYPE_QINQ) &&
		(bad = parse_tags(&v, lane)) >= 0)
		return bad;
	if (unlikely(lane->ethertype < WEFT_ETHERTYPE_MIN))
		return parse_llc(frame, have, total, lane);
	return parse_l3(&v, lane);
}

static void
explain(struct weft_explain *explain, const struct weft_lane *lane, int bad)
{
	if (bad >= 0)
		weft_explain_add(explain, WEFT_STAGE_parse, "refused: %s", weft_drop_text(bad));
	else
		weft_explain_add(explain, WEFT_STAGE_parse,
			"ethertype 0x%04x%s, %u tag(s), L3 at %u%s%s%s, protocol %u", lane->ethertype,
			lane->flags & WEFT_LANE_SNAP ? " in LLC/SNAP" : "", lane->n_tags, lane->l3_off,
			lane->flags & WEFT_LANE_IPV4 ? ", IPv4" : "", lane->flags & WEFT_LANE_IPV6 ? ", IPv6" : "",
			lane->flags & WEFT_LANE_ARP ? ", ARP" : "", lane->proto);
}

weft_lanes
weft_parse_stage(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask)
{
	weft_lanes good = mask;

	WEFT_FOREACH_LANE (i, mask) {
		struct rte_mbuf *m = vec->pkts[i];
		int bad =
			weft_parse_frame(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len, m->pkt_len, &vec->lanes[i]);

		if (unlikely(vec->explain != NULL))
			explain(vec->explain, &vec->lanes[i], bad);
		if (unlikely(bad >= 0)) {
			weft_drop(worker, vec, UINT64_C(1) << i, bad);
			good &= ~(UINT64_C(1) << i);
		}
	}
	return good;
}

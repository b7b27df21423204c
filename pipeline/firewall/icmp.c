// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sorts ICMP messages, and checks errors that quote a packet of a connection.
#include "icmp.h"

#include "pipeline/tables/sessions.h"
#include "weft/worker.h"

#include "flow.h"
#include "judge.h"
#include "track_tcp.h"

#define IPV4_LEN 20
#define IPV6_LEN 40
#define QUOTED	 8 // an error quotes at least so many bytes of the packet's L4 header (RFC 792, RFC 4443)
#define MAX_EXTS 8

enum icmp_kind
weft_icmp_kind(bool v6, uint8_t type, uint8_t *query)
{
	*query = type;
	if (v6) {
		if (type >= 1 && type <= 4)
			return ICMP_ERROR;
		switch (type) {
		case 128:
			return ICMP_QUERY;
		case 129:
			*query = 128;
			return ICMP_REPLY;
		case 130: // MLD (RFC 2710, RFC 3810)
		case 131:
		case 132:
		case 133: // neighbour discovery (RFC 4861), which the guard has checked
		case 134:
		case 135:
		case 136:
		case 137:
		case 143:
			return ICMP_LOCAL;
		default:
			return ICMP_OTHER;
		}
	}
	switch (type) {
	case 3:
	case 4:
	case 11:
	case 12:
		return ICMP_ERROR;
	case 8:
	case 13:
	case 15:
	case 17:
		return ICMP_QUERY;
	case 5: // redirects, and advertisements of routers (RFC 1256)
	case 9:
		return ICMP_LOCAL;
	case 0:
		*query = 8;
		return ICMP_REPLY;
	case 14:
	case 16:
	case 18:
		*query = type - 1;
		return ICMP_REPLY;
	default:
		return ICMP_OTHER;
	}
}

// A hop limit of 255 proves that no router has forwarded the packet (RFC 4861, 3.1), as does one of 1. MLD has a link-local source,
// or none yet (RFC 3810, 5.2.13; RFC 3590).
static bool
is_of_this_link(const uint8_t *ip, uint8_t type)
{
	const uint8_t *src = ip + 8;
	uint8_t any = 0;

	if (type >= 133 && type <= 137)
		return ip[7] == 255;
	for (unsigned int i = 0; i < 16; i++)
		any |= src[i];
	return ip[7] == 1 && ((src[0] == 0xfe && (src[1] & 0xc0) == 0x80) || (any == 0 && type != 130));
}

bool
weft_icmp_is_local(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + lane->l3_off;
	bool v6 = lane->flags & WEFT_LANE_IPV6;
	uint8_t query, type;

	if (!(lane->flags & WEFT_LANE_L4) || lane->flags & WEFT_LANE_LATER_FRAGMENT ||
		lane->proto != (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return false;
	type = frame[lane->l4_off];
	return weft_icmp_kind(v6, type, &query) == ICMP_LOCAL && (!v6 || is_of_this_link(ip, type));
}

bool
weft_icmp_is_foreign(const struct weft_worker *worker, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	return lane->flags & WEFT_LANE_IPV4 && weft_icmp_is_local(lane, m) && !weft_flow_is_checked(worker, lane);
}

// The packet that an error quotes.
struct quote {
	const uint8_t *addr[2]; // source, destination
	const uint8_t *l4;
	uint8_t proto;
};

static bool
read_quote4(const uint8_t *p, uint32_t len, struct quote *q)
{
	uint32_t header = len ? (p[0] & 0xf) * 4u : 0;

	if (len < IPV4_LEN || p[0] >> 4 != 4 || header < IPV4_LEN || header + QUOTED > len)
		return false;
	// A quoted later fragment has no ports.
	if ((p[6] & 0x1f) | p[7])
		return false;
	*q = (struct quote){ .addr = { p + 12, p + 16 }, .l4 = p + header, .proto = p[9] };
	return true;
}

static bool
read_quote6(const uint8_t *p, uint32_t len, struct quote *q)
{
	uint32_t off = IPV6_LEN, header;
	uint8_t next;

	if (len < IPV6_LEN + QUOTED || p[0] >> 4 != 6)
		return false;
	next = p[6];
	for (unsigned int i = 0; i < MAX_EXTS; i++) {
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
			next != IPPROTO_FRAGMENT)
			break;
		if (off + 8 > len || (next == IPPROTO_FRAGMENT && ((p[off + 2] << 8 | p[off + 3]) & 0xfff8)))
			return false;
		header = next == IPPROTO_FRAGMENT ? 8 : (p[off + 1] + 1u) * 8;
		next = p[off];
		off += header;
	}
	if (off + QUOTED > len)
		return false;
	*q = (struct quote){ .addr = { p + 8, p + 24 }, .l4 = p + off, .proto = next };
	return true;
}

int
weft_icmp_check_error(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i)
{
	struct weft_sessions *t = worker->firewall.sessions;
	const struct weft_lane *lane = &vec->lanes[i];
	const struct rte_mbuf *m = vec->pkts[i];
	const struct flow flow = weft_flow_of(worker, lane, m);
	// The quoted packet went the other way: it came from the port that the error goes to. Bytes in another
	// buffer are not read.
	unsigned int e = flow.to > flow.from;
	uint32_t have = RTE_MIN((uint32_t)lane->l4_len, (uint32_t)m->data_len - lane->l4_off);
	struct weft_session_key key = { .domain = flow.domain, .family = flow.v6 ? 6 : 4 };
	struct weft_session *s;
	struct quote q;
	const uint8_t *addr6[2];
	uint32_t record, seq;
	uint8_t query;

	if (have < 8 || !(flow.v6 ? read_quote6(weft_flow_l4(lane, m) + 8, have - 8, &q)
				  : read_quote4(weft_flow_l4(lane, m) + 8, have - 8, &q)))
		return WEFT_DROP_FW_ICMP_ERROR;
	// The error must go to the sender of the quoted packet.
	if (memcmp(q.addr[0], flow.dst, flow.v6 ? 16 : 4))
		return WEFT_DROP_FW_ICMP_ERROR;
	key.proto = q.proto;
	key.slot[e] = flow.to;
	key.slot[!e] = flow.from;
	addr6[e] = q.addr[0];
	addr6[!e] = q.addr[1];
	for (unsigned int end = 0; end < 2; end++) {
		if (flow.v6)
			key.addr[end] = weft_sessions_fold(t, addr6[end]);
		else
			memcpy(&key.addr[end], addr6[end], 4);
	}
	if (q.proto == IPPROTO_TCP || q.proto == IPPROTO_UDP || q.proto == IPPROTO_SCTP) {
		memcpy(&key.l4[e], q.l4, 2);
		memcpy(&key.l4[!e], q.l4 + 2, 2);
	} else if (q.proto == IPPROTO_ICMP || q.proto == IPPROTO_ICMPV6) {
		enum icmp_kind kind = weft_icmp_kind(flow.v6, q.l4[0], &query);

		if (kind != ICMP_QUERY && kind != ICMP_REPLY)
			return WEFT_DROP_FW_ICMP_ERROR;
		memcpy(&key.l4[0], q.l4 + 4, 2);
		key.l4[1] = weft_icmp_asked(query, kind == ICMP_QUERY ? e : !e);
	}
	record = weft_sessions_find(t, &key, weft_sessions_hash(t, &key), addr6);
	if (record == 0)
		return WEFT_DROP_FW_ICMP_ERROR;
	s = &t->rec[record];
	if (weft_flow_is_stale(worker->snap, s)) {
		struct judgement j;

		weft_judge_again(worker->snap, s, &j);
		if (j.reason >= 0)
			return WEFT_DROP_FW_REVOKED;
	}
	memcpy(&seq, q.l4 + 4, sizeof(seq));
	if (q.proto == IPPROTO_TCP && !weft_track_tcp_quoted(s, e, rte_be_to_cpu_32(seq)))
		return WEFT_DROP_FW_ICMP_ERROR;
	if (!vec->dry_run) {
		s->packets++;
		s->bytes += m->pkt_len;
	}
	return -1;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Answers rejected packets with TCP resets (RFC 9293, 3.10.7.1) or ICMP "administratively prohibited" (RFC 1812, RFC
// 4443), and packets that are too large with the MTU (RFC 1191, RFC 8201). The answers have the packet's receiver as
// source, and the worker's rate limits them for each port.
#include "reject.h"

#include <netinet/icmp6.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "pipeline/send/emit.h"
#include "weft/packet_rate.h"
#include "weft/worker.h"

#include "flow.h"
#include "track_tcp.h"

#define TTL	  64
#define QUOTE_MAX 512 // an ICMP error stays below 576 bytes
#define ICMP_LEN  8

// Codes of ICMP's "unreachable".
#define ICMP_UNREACH	     3
#define FRAGMENTATION_NEEDED 4
#define PROHIBITED	     13

// A new answer to M with L3_LEN bytes of layer 3 and M's layer 2 header; BACK: with its MAC addresses exchanged.
// NULL: no memory, or M is in LLC/SNAP.
static struct rte_mbuf *
new_answer(
	struct weft_worker *worker, const struct weft_lane *lane, const struct rte_mbuf *m, uint32_t l3_len, bool back)
{
	const uint8_t *from = rte_pktmbuf_mtod(m, const uint8_t *);
	// In LLC/SNAP the header would need another length.
	struct rte_mbuf *answer = lane->flags & WEFT_LANE_SNAP ? NULL : rte_pktmbuf_alloc(worker->pool);
	uint8_t *to;

	if (answer == NULL)
		return NULL;
	to = (uint8_t *)rte_pktmbuf_append(
		answer, RTE_MAX(lane->l3_off + l3_len, (uint32_t)RTE_ETHER_MIN_LEN - RTE_ETHER_CRC_LEN));
	if (to == NULL) {
		rte_pktmbuf_free(answer);
		return NULL;
	}
	memset(to, 0, answer->data_len);
	memcpy(to, from, lane->l3_off);
	if (back) {
		memcpy(to, from + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
		memcpy(to + RTE_ETHER_ADDR_LEN, from, RTE_ETHER_ADDR_LEN);
	}
	return answer;
}

// Writes the IP header of an answer with LEN bytes of PROTO behind it; BACK: FROM's addresses are exchanged. Returns
// the layer 4.
static uint8_t *
write_ip(uint8_t *l3, const struct weft_lane *lane, const uint8_t *from, uint32_t len, uint8_t proto, bool back)
{
	if (lane->flags & WEFT_LANE_IPV6) {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)l3;

		ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
		ip->payload_len = rte_cpu_to_be_16(len);
		ip->proto = proto;
		ip->hop_limits = TTL;
		memcpy(l3 + 8, from + (back ? 24 : 8), 16);
		memcpy(l3 + 24, from + (back ? 8 : 24), 16);
		return l3 + sizeof(*ip);
	}
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)l3;

	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(sizeof(*ip) + len);
	ip->time_to_live = TTL;
	ip->next_proto_id = proto;
	memcpy(l3 + 12, from + (back ? 16 : 12), 4);
	memcpy(l3 + 16, from + (back ? 12 : 16), 4);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return l3 + sizeof(*ip);
}

static void
send_answer(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, struct rte_mbuf *answer,
	uint16_t to)
{
	answer->port = lane->in;
	worker->counters.port[lane->in].created++;
	weft_emit_or_drop(worker, vec, lane, to, answer);
}

// Sends a reset: to the sender of M, from the other end, where BACK; else to the receiver, from the sender.
static void
send_reset(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m,
	bool back)
{
	bool v6 = lane->flags & WEFT_LANE_IPV6;
	const uint8_t *l3 = rte_pktmbuf_mtod(m, const uint8_t *) + lane->l3_off, *from = weft_flow_l4(lane, m);
	const struct tcp_segment seg = tcp_read(from, lane);
	struct rte_mbuf *answer =
		new_answer(worker, lane, m, (v6 ? 40 : 20) + (uint32_t)sizeof(struct rte_tcp_hdr), back);
	uint8_t *to, *l4;
	struct rte_tcp_hdr *tcp;

	if (answer == NULL)
		return;
	to = rte_pktmbuf_mtod_offset(answer, uint8_t *, lane->l3_off);
	l4 = write_ip(to, lane, l3, sizeof(*tcp), IPPROTO_TCP, back);
	tcp = (struct rte_tcp_hdr *)l4;
	memcpy(l4, from + (back ? 2 : 0), 2);
	memcpy(l4 + 2, from + (back ? 0 : 2), 2);
	tcp->data_off = sizeof(*tcp) / 4 << 4;
	if (!back) {
		tcp->sent_seq = rte_cpu_to_be_32(seg.seq);
		tcp->recv_ack = rte_cpu_to_be_32(seg.ack);
		tcp->tcp_flags = TCP_RST | (seg.flags & TCP_ACK);
	} else if (seg.flags & TCP_ACK) {
		tcp->sent_seq = rte_cpu_to_be_32(seg.ack);
		tcp->tcp_flags = TCP_RST;
	} else {
		tcp->recv_ack = rte_cpu_to_be_32(seg.end);
		tcp->tcp_flags = TCP_RST | TCP_ACK;
	}
	tcp->cksum = v6 ? rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)to, l4)
			: rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)to, l4);
	send_answer(worker, vec, lane, answer, back ? lane->in : lane->out);
}

// Sends an ICMP error that quotes M; WORD follows the checksum.
static void
send_error(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m,
	uint8_t type, uint8_t code, uint32_t word)
{
	const rte_be32_t be = rte_cpu_to_be_32(word);
	bool v6 = lane->flags & WEFT_LANE_IPV6;
	const uint8_t *l3 = rte_pktmbuf_mtod(m, const uint8_t *) + lane->l3_off;
	// The datagram without the frame's padding, as far as it lies in the first buffer.
	uint32_t quote = RTE_MIN(RTE_MIN((uint32_t)lane->l4_off + lane->l4_len, (uint32_t)m->data_len) - lane->l3_off,
			 (uint32_t)QUOTE_MAX),
		 sum_len = ICMP_LEN + quote;
	struct rte_mbuf *answer = new_answer(worker, lane, m, (v6 ? 40 : 20) + sum_len, true);
	uint8_t *to, *l4;
	uint16_t sum;

	if (answer == NULL)
		return;
	to = rte_pktmbuf_mtod_offset(answer, uint8_t *, lane->l3_off);
	l4 = write_ip(to, lane, l3, sum_len, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, true);
	l4[0] = type;
	l4[1] = code;
	memcpy(l4 + 4, &be, sizeof(be));
	memcpy(l4 + ICMP_LEN, l3, quote);
	sum = v6 ? rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)to, l4) : (uint16_t)~rte_raw_cksum(l4, sum_len);
	memcpy(l4 + 2, &sum, sizeof(sum));
	send_answer(worker, vec, lane, answer, lane->in);
}

static bool
within_rate(struct weft_worker *worker, const struct weft_vec *vec, uint16_t port)
{
	uint64_t *spent = &worker->firewall.sessions->port[port].replied;
	uint64_t next = worker->firewall.rejection_rate.cost
				? weft_rate_next(&worker->firewall.rejection_rate, *spent, vec->now)
				: 0;

	if (next == 0)
		return false;
	*spent = next;
	return true;
}

void
weft_reject(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	bool is_reset = lane->proto == IPPROTO_TCP && weft_flow_l4(lane, m)[13] & TCP_RST;

	// A reset is not answered. ICMP errors do not get here: of ICMP only queries do.
	if (is_reset || !within_rate(worker, vec, lane->in))
		return;
	if (lane->proto == IPPROTO_TCP)
		send_reset(worker, vec, lane, m, true);
	else if (lane->flags & WEFT_LANE_IPV6)
		send_error(worker, vec, lane, m, ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADMIN, 0);
	else
		send_error(worker, vec, lane, m, ICMP_UNREACH, PROHIBITED, 0);
}

// Multicast, later fragments and ICMP errors are not answered (RFC 1122, 3.2.2; RFC 4443, 2.4).
static bool
may_be_answered(const struct weft_lane *lane, const struct rte_mbuf *m)
{
	if (!(lane->flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6)) || lane->dst >> 40 & 1 ||
		lane->flags & WEFT_LANE_LATER_FRAGMENT)
		return false;
	if (lane->proto == IPPROTO_ICMP)
		return lane->flags & WEFT_LANE_L4 && (weft_flow_l4(lane, m)[0] == 0 || weft_flow_l4(lane, m)[0] == 8);
	return lane->proto != IPPROTO_ICMPV6 || (lane->flags & WEFT_LANE_L4 && weft_flow_l4(lane, m)[0] >= 128);
}

void
weft_reject_too_big(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t mtu)
{
	if (!may_be_answered(lane, m) || !within_rate(worker, vec, lane->in))
		return;
	if (lane->flags & WEFT_LANE_IPV6)
		send_error(worker, vec, lane, m, ICMP6_PACKET_TOO_BIG, 0, mtu);
	else
		send_error(worker, vec, lane, m, ICMP_UNREACH, FRAGMENTATION_NEEDED, mtu);
}

void
weft_reject_both(
	struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m)
{
	weft_reject(worker, vec, lane, m);
	if (lane->proto == IPPROTO_TCP && !(weft_flow_l4(lane, m)[13] & TCP_RST) && within_rate(worker, vec, lane->out))
		send_reset(worker, vec, lane, m, false);
}

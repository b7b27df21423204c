// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The packets: flows between ports with endpoints that know where they are, and now and then something else instead.
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "packet.h"

#define N_FLOWS 150

struct flow {
	struct ref_packet base; // as its opener would send
	uint32_t next[2];	// sequence numbers: the opener's, the other's
	uint32_t acked[2];
	uint32_t frag_id;
};

static struct flow flows[N_FLOWS];
static struct flow *last;
static uint64_t state;

void
generate_seed(unsigned int seed)
{
	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	memset(flows, 0, sizeof(flows));
}

uint32_t
generate_random(uint32_t n)
{
	// xorshift64* (Vigna).
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

// An address of SLOT's: ports have two each of IPv4 and one of IPv6, the uplink has many.
static void
address(int slot, bool v6, uint8_t *to)
{
	uint8_t last_byte = slot == REF_PORTS ? (uint8_t)generate_random(12) : (uint8_t)(slot * 2 + generate_random(2));

	memset(to, 0, 16);
	if (v6) {
		to[0] = 0xfd;
		to[1] = slot == REF_PORTS ? 1 : 0;
		to[15] = slot == REF_PORTS ? last_byte : (uint8_t)(slot * 2);
	} else {
		to[0] = slot == REF_PORTS ? 192 : 10;
		to[1] = slot == REF_PORTS ? 168 : 0;
		to[3] = last_byte;
	}
}

static void
new_flow(struct flow *flow)
{
	static const uint8_t protos[] = { 6, 6, 6, 6, 17, 17, 1, 132, 47 };
	struct ref_packet *p = &flow->base;

	memset(flow, 0, sizeof(*flow));
	p->in = 1 + (int)generate_random(REF_PORTS);
	do {
		p->out = 1 + (int)generate_random(REF_PORTS);
	} while (p->out == p->in);
	p->v6 = generate_random(3) == 0;
	p->proto = protos[generate_random(sizeof(protos))];
	if (p->proto == 1 && p->v6)
		p->proto = 58;
	// The fourth port names no addresses, and may speak for all.
	address(p->in == 4 ? 1 + (int)generate_random(REF_PORTS) : p->in, p->v6, p->src);
	address(p->out == 4 ? 1 + (int)generate_random(REF_PORTS) : p->out, p->v6, p->dst);
	p->sport = p->proto == 47 ? 0 : (uint16_t)(1024 + generate_random(40));
	p->dport = p->proto == 47 || p->proto == 1 || p->proto == 58
			   ? 0
			   : (uint16_t)(generate_random(3) ? 80 + generate_random(4) : 8000);
	p->icmp_type = p->v6 ? 128 : 8;
	p->scale = -1;
	for (int i = 0; i < 2; i++)
		flow->next[i] = generate_random(4) ? generate_random(1u << 31) * 2 : UINT32_MAX - generate_random(2000);
	flow->acked[0] = flow->next[0];
	flow->acked[1] = flow->next[1];
	flow->frag_id = generate_random(1u << 16);
}

// P as the other end would send it.
static void
turn_round(struct ref_packet *p)
{
	struct ref_packet q = *p;

	p->in = q.out;
	p->out = q.in;
	memcpy(p->src, q.dst, 16);
	memcpy(p->dst, q.src, 16);
	if (p->proto == 1 || p->proto == 58)
		p->icmp_type = p->v6 ? 129 : 0;
	else {
		p->sport = q.dport;
		p->dport = q.sport;
	}
}

static void
tcp_part(struct flow *flow, struct ref_packet *p, int e)
{
	uint32_t what = generate_random(16);

	p->seq = flow->next[e];
	p->ack = flow->next[!e];
	p->win = (uint16_t)(generate_random(4) ? 1000 + generate_random(60000) : generate_random(3));
	p->flags = 16;
	if (what < 4) {
		p->flags = e ? 18 : 2;
		p->ack = e ? p->ack : 0;
		p->scale = generate_random(3) ? (int)generate_random(16) : -1;
		// Data with a SYN, an answer to a part of them, and ends that have lost the connection.
		p->payload = generate_random(4) ? 0 : generate_random(600);
		p->ack -= e && generate_random(4) == 0 ? generate_random(600) : 0;
		p->seq = generate_random(6) ? p->seq : generate_random(1u << 31) * 2;
	} else if (what < 10) {
		p->payload = generate_random(1400);
	} else if (what == 10) {
		p->flags = 17;
	} else if (what == 11 && generate_random(3) == 0) {
		p->flags = generate_random(2) ? 4 : 20;
	}
	// Something is odd in one of ten: jumps near and far, flags of all kinds.
	switch (generate_random(30)) {
	case 0:
		p->seq += generate_random(200000) - 100000;
		break;
	case 1:
		p->ack += generate_random(200000) - 100000;
		break;
	case 2:
		p->flags = (uint8_t)generate_random(64);
		break;
	case 3:
		p->seq = generate_random(1u << 31) * 2;
		break;
	case 4:
		p->seq -= generate_random(1500);
		break;
	}
}

static void
make_error(struct flow *flow, struct ref_packet *p, int e)
{
	struct ref_packet quoted = flow->base;
	bool v6 = quoted.v6;

	if (e)
		turn_round(&quoted);
	memset(p, 0, sizeof(*p));
	p->in = quoted.out;
	p->out = quoted.in;
	p->v6 = v6;
	p->is_error = true;
	p->scale = -1;
	// From the other end, or, where that is allowed to speak for others, from a router on the way.
	memcpy(p->src, quoted.dst, 16);
	memcpy(p->dst, quoted.src, 16);
	p->proto = v6 ? 58 : 1;
	p->icmp_type = v6 ? 1 : 3;
	p->icmp_code = v6 ? 4 : 3;
	memcpy(p->q_src, quoted.src, 16);
	memcpy(p->q_dst, quoted.dst, 16);
	p->q_proto = quoted.proto;
	p->q_sport = quoted.sport;
	p->q_dport = quoted.dport;
	p->q_seq = flow->next[e] - generate_random(3000) + (generate_random(4) ? 0 : generate_random(1u << 31));
	if (p->q_proto != 47 && generate_random(10) == 0)
		p->q_sport++;
}

void
generate_packet(struct ref_packet *p)
{
	struct flow *flow = generate_random(3) && last ? last : &flows[generate_random(N_FLOWS)];
	int e = generate_random(5) < 2;

	if (flow->base.in == 0 || generate_random(400) == 0)
		new_flow(flow);
	last = flow;
	*p = flow->base;
	if (e)
		turn_round(p);
	if (p->proto == 6)
		tcp_part(flow, p, e);
	else
		p->payload = generate_random(100);
	if (p->proto != 47 && p->proto != 132 && p->proto != 58 && generate_random(12) == 0) {
		p->fragment = 1 + (int)generate_random(2);
		p->frag_id = (flow->frag_id += generate_random(2)) & 0xffff;
		p->payload = 8 * generate_random(20) + (p->proto == 6 && p->scale < 0 ? 4 : 0);
		p->frag_off = 8 * (1 + generate_random(30));
	}
	if (generate_random(25) == 0)
		make_error(flow, p, e);
	if (p->proto == 6 && p->fragment == 2)
		p->flags = 0;
}

void
generate_seen(const struct ref_packet *p, bool passed)
{
	if (!passed || p->proto != 6 || p->fragment == 2 || p->is_error)
		return;
	for (int i = 0; i < N_FLOWS; i++) {
		struct flow *flow = &flows[i];
		struct ref_packet there = flow->base, back = flow->base;

		turn_round(&back);
		for (int e = 0; e < 2; e++) {
			const struct ref_packet *q = e ? &back : &there;

			if (q->in == p->in && q->out == p->out && q->proto == 6 && q->v6 == p->v6 &&
				q->sport == p->sport && q->dport == p->dport && memcmp(q->src, p->src, 16) == 0 &&
				memcmp(q->dst, p->dst, 16) == 0 && generate_random(8))
				flow->next[e] = p->seq + p->payload + (p->flags >> 1 & 1) + (p->flags & 1);
		}
	}
}

unsigned int
generate_frame(const struct ref_packet *p, uint8_t *frame)
{
	return packet_write(p, GENERATE_MAC(p->in), GENERATE_MAC(p->out), p->in == REF_PORTS ? 7 : 0, frame);
}

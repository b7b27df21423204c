// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ethernet, IPv4 or IPv6 with fragments, TCP, UDP, SCTP, ICMP and what it quotes. Checksums are left 0: nobody looks.
#include "packet.h"

#include <string.h>

#include "tests/harness/put.h"

static uint8_t *
put_mac(uint8_t *at, uint64_t mac)
{
	return put32(put16(at, (uint32_t)(mac >> 32)), (uint32_t)mac);
}

static uint8_t *
put_ip(uint8_t *at, bool v6, const uint8_t *src, const uint8_t *dst, uint8_t proto, uint32_t len)
{
	if (v6) {
		at = put32(at, 6u << 28);
		at = put16(at, len);
		*at++ = proto;
		*at++ = 64;
	} else {
		at = put16(at, 0x4500);
		at = put16(at, 20 + len);
		at = put32(at, 0);
		*at++ = 64;
		*at++ = proto;
		at = put16(at, 0);
	}
	memcpy(at, src, v6 ? 16 : 4);
	at += v6 ? 16 : 4;
	memcpy(at, dst, v6 ? 16 : 4);
	return at + (v6 ? 16 : 4);
}

static uint8_t *
put_tcp(uint8_t *at, const struct ref_packet *p)
{
	bool option = p->scale >= 0;

	at = put16(at, p->sport);
	at = put16(at, p->dport);
	at = put32(at, p->seq);
	at = put32(at, p->ack);
	*at++ = option ? 0x60 : 0x50;
	*at++ = p->flags;
	at = put16(at, p->win);
	at = put32(at, 0);
	if (option) {
		*at++ = 1;
		*at++ = 3;
		*at++ = 3;
		*at++ = (uint8_t)p->scale;
	}
	return at;
}

static uint8_t *
put_quote(uint8_t *at, const struct ref_packet *p)
{
	bool icmp = p->q_proto == 1 || p->q_proto == 58;

	at = put_ip(at, p->v6, p->q_src, p->q_dst, p->q_proto, 8);
	if (icmp) {
		*at++ = p->v6 ? 128 : 8;
		*at++ = 0;
		at = put16(at, 0);
		return put32(at, (uint32_t)p->q_sport << 16);
	}
	at = put16(at, p->q_sport);
	at = put16(at, p->q_dport);
	return put32(at, p->q_seq);
}

static uint8_t *
put_l4(uint8_t *at, const struct ref_packet *p)
{
	if (p->fragment == 2) {
		at += p->payload;
	} else if (p->proto == 6) {
		at = put_tcp(at, p) + p->payload;
	} else if (p->proto == 17) {
		at = put16(at, p->sport);
		at = put16(at, p->dport);
		at = put32(at, (8 + p->payload) << 16) + p->payload;
	} else if (p->proto == 132) {
		at = put16(at, p->sport);
		at = put16(at, p->dport) + 8 + p->payload;
	} else if (p->proto == 1 || p->proto == 58) {
		*at++ = p->icmp_type;
		*at++ = p->icmp_code;
		at = put16(at, 0);
		at = put32(at, p->is_error ? 0 : (uint32_t)p->sport << 16);
		at = p->is_error ? put_quote(at, p) : at + p->payload;
	} else {
		at += p->payload;
	}
	return at;
}

unsigned int
packet_write(const struct ref_packet *p, uint64_t from, uint64_t to, uint16_t vlan, uint8_t *frame)
{
	uint8_t l4[1600] = { 0 }, *at = put_mac(put_mac(frame, to), from), *ip;
	uint32_t len = (uint32_t)(put_l4(l4, p) - l4), off = p->fragment == 2 ? p->frag_off : 0;

	if (vlan)
		at = put16(put16(at, 0x8100), vlan);
	at = put16(at, p->v6 ? 0x86dd : 0x0800);
	ip = at;
	if (p->v6 && p->fragment) {
		at = put_ip(at, true, p->src, p->dst, 44, 8 + len);
		*at++ = p->proto;
		*at++ = 0;
		at = put16(at, off | (p->fragment == 1 || p->frag_id % 2));
		at = put32(at, p->frag_id);
	} else {
		at = put_ip(at, p->v6, p->src, p->dst, p->proto, len);
		if (p->fragment) {
			put16(ip + 4, p->frag_id);
			put16(ip + 6, off / 8 | (p->fragment == 1 || p->frag_id % 2 ? 0x2000 : 0));
		}
	}
	memcpy(at, l4, len);
	return (unsigned int)(at + len - frame);
}

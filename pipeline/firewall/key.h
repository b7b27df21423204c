// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Makes the key of a packet's connection.
#pragma once

#include <netinet/in.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "pipeline/tables/sessions.h"
#include "weft/worker.h"

#include "flow.h"
#include "icmp.h"

// The key is made in registers, and written and read in the same pieces: so it depends on the order of bytes.
static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "keys are made of words");

static inline uint64_t
weft_key_rotate64(uint64_t word, unsigned int bits)
{
	return word << bits | word >> (-bits & 63);
}

static inline uint32_t
weft_key_rotate32(uint32_t word, unsigned int bits)
{
	return word << bits | word >> (-bits & 31);
}

// Replaces the ports in the key of an ICMP query or its reply, which end E sends.
static inline uint32_t
weft_key_icmp(const uint8_t *l4, bool v6, unsigned int e)
{
	uint16_t id;
	uint8_t query;
	enum icmp_kind kind = weft_icmp_kind(v6, l4[0], &query);

	memcpy(&id, l4 + 4, sizeof(id));
	return id | (uint32_t)weft_icmp_asked(query, kind == ICMP_QUERY ? e : !e) << 16;
}

// Makes the key of LANE's packet M, which end E sends, for the ports SLOTS, end 0 in the low half. Returns its hash.
// Addresses and ports are swapped if the sender is end 1. Owner worker.
static inline uint64_t
weft_key_make(const struct weft_sessions *t, struct weft_session_key *key, const struct weft_lane *lane,
	const struct rte_mbuf *m, unsigned int e, uint32_t slots)
{
	const uint8_t *l3 = rte_pktmbuf_mtod(m, const uint8_t *) + lane->l3_off, *l4 = weft_flow_l4(lane, m);
	uint64_t addrs, ends;
	uint32_t l4_ends = 0, what = lane->domain | (uint32_t)lane->proto << 16;

	if (likely(lane->flags & WEFT_LANE_IPV4)) {
		memcpy(&addrs, l3 + 12, sizeof(addrs));
		what |= 4u << 24;
	} else {
		addrs = weft_sessions_fold(t, l3 + 8) | (uint64_t)weft_sessions_fold(t, l3 + 24) << 32;
		what |= 6u << 24;
	}
	addrs = weft_key_rotate64(addrs, e * 32);
	if (likely(lane->flags & WEFT_LANE_PORTS)) {
		memcpy(&l4_ends, l4, sizeof(l4_ends));
		l4_ends = weft_key_rotate32(l4_ends, e * 16);
	} else if (lane->proto == IPPROTO_ICMP || lane->proto == IPPROTO_ICMPV6) {
		l4_ends = weft_key_icmp(l4, what >> 24 == 6, e);
	}
	ends = l4_ends | (uint64_t)slots << 32;
	memcpy(key->addr, &addrs, sizeof(addrs));
	memcpy(key->l4, &ends, sizeof(ends));
	memcpy(&key->domain, &what, sizeof(what));
	return weft_sessions_mix(t, addrs, ends, what);
}

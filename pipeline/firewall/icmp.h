// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// ICMP and ICMPv6 messages as the firewall distinguishes them.
#pragma once

#include "weft/worker.h"

enum icmp_kind {
	ICMP_QUERY, // opens a connection, or belongs to one
	ICMP_REPLY, // belongs to a connection
	ICMP_ERROR, // quotes a packet of a connection
	ICMP_LOCAL, // of this link alone: discovery, group membership, advertisements of routers
	ICMP_OTHER, // judged by itself
};

// The kind of a message of TYPE. For a query and its reply *QUERY is the type of the query.
enum icmp_kind weft_icmp_kind(bool v6, uint8_t type, uint8_t *query);

// Whether LANE's packet M is ICMP_LOCAL and proves that it comes from this link, as far as its protocol has a proof. No rule has to
// allow it: the guard has checked its sender. Any thread.
bool weft_icmp_is_local(const struct weft_lane *lane, const struct rte_mbuf *m);

// Whether it is an advertisement of a router or a redirect of IPv4 that no guard has looked at. They prove nothing. Owner worker.
bool weft_icmp_is_foreign(const struct weft_worker *worker, const struct weft_lane *lane, const struct rte_mbuf *m);

// Replaces the second port in an ICMP key: the query's type, and the end that sends queries. Both ends may send the
// same queries with the same identifier.
static inline uint16_t
weft_icmp_asked(uint8_t query, unsigned int by)
{
	return query | (uint16_t)(by << 8);
}

// Whether the ICMP error in lane I quotes a packet of a known connection, in the right direction. Returns -1, or the
// drop reason. Owner worker.
int weft_icmp_check_error(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Neighbour discovery (RFC 4861): solicitations and advertisements.
#pragma once

#include "weft/tunnel.h"
#include "weft/vec.h"

#define ND_SOLICIT   135
#define ND_ADVERTISE 136

// Bytes of a solicitation that tells the sender's MAC address, with its Ethernet header.
#define ND_SOLICIT_FRAME (14 + 40 + 32)

// Whether LANE's packet M is a valid solicitation or advertisement (7.1): it is whole, comes from the link, and its
// checksum is right.
bool weft_nd_is_valid(const struct weft_lane *lane, const struct rte_mbuf *m);

// Fields of a valid message: its type, its target, its IPv6 source, and the MAC address that it tells: the one of a
// solicitation's sender, or of an advertisement's target; 0: it tells none.
uint8_t weft_nd_type(const struct weft_lane *lane, const struct rte_mbuf *m);
struct weft_ip weft_nd_target(const struct weft_lane *lane, const struct rte_mbuf *m);
struct weft_ip weft_nd_source(const struct weft_lane *lane, const struct rte_mbuf *m);
uint64_t weft_nd_mac(const struct weft_lane *lane, const struct rte_mbuf *m);

// Turns the valid solicitation M into its answer: the target has MAC. False: there is no room in M.
bool weft_nd_answer(struct rte_mbuf *m, const struct weft_lane *lane, uint64_t mac);

// Writes to FRAME, ND_SOLICIT_FRAME bytes, a solicitation for TARGET from the host with MAC and SOURCE.
void
weft_nd_write_solicitation(uint8_t *frame, uint64_t mac, const struct weft_ip *source, const struct weft_ip *target);

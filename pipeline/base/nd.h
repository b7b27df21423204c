// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Neighbour discovery (RFC 4861): solicitations and what answers them.
#pragma once

#include "pipeline/stages/stages.h"

#define ND_SOLICIT   135
#define ND_ADVERTISE 136

// A solicitation's bytes, from its Ethernet header on, with the sender's MAC.
#define ND_SOLICIT_FRAME (14 + 40 + 32)

// Whether LANE is a solicitation or an advertisement as it has to be (7.1): whole, from the link, with a right
// checksum.
bool nd_is_valid(const struct weft_lane *lane, const struct rte_mbuf *m);

// Of a valid one: its type, its target, and the MAC that it tells, of the sender of a solicitation or of an
// advertisement's target; 0: none.
uint8_t nd_type(const struct weft_lane *lane, const struct rte_mbuf *m);
struct weft_ip nd_target(const struct weft_lane *lane, const struct rte_mbuf *m);
struct weft_ip nd_source(const struct weft_lane *lane, const struct rte_mbuf *m);
uint64_t nd_mac(const struct weft_lane *lane, const struct rte_mbuf *m);

// Makes the valid solicitation M the answer that its target has MAC. False: no room.
bool nd_answer(struct rte_mbuf *m, const struct weft_lane *lane, uint64_t mac);

// Writes to FRAME, ND_SOLICIT_FRAME bytes, the question who has TARGET, from the host with MAC and SOURCE.
void nd_write_question(uint8_t *frame, uint64_t mac, const struct weft_ip *source, const struct weft_ip *target);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Tells senders that a packet was rejected, or was too large. All functions: owner worker.
#pragma once

#include "weft/worker.h"

// Answers M, a packet of LANE, in the name of its receiver: with a TCP reset, or else with an ICMP error. No more
// answers are sent for a port than the worker's rate allows.
void
weft_reject(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m);

// Answers M, and resets the other end of its TCP connection too.
void weft_reject_both(
	struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, const struct rte_mbuf *m);

// Tells the sender of M, which was too large, that MTU bytes of L3 payload are the most.
void weft_reject_too_big(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t mtu);

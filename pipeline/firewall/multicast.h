// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// IP packets in frames that go to several ports. Both functions return -1, or the drop reason. Owner worker.
#pragma once

#include "weft/worker.h"

// Whether the sender's rules let the packet in lane I leave.
int weft_multicast_may_leave(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);

// Whether the rules of the port MEMBER let M, a packet of LANE, in.
int weft_multicast_may_enter(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane,
	const struct rte_mbuf *m, uint16_t member);

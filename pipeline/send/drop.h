// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Packets that end here: dropped for a reason, or taken because they were for the switch itself. The worker frees
// them together. All functions: owner worker.
#pragma once

#include "weft/drop.h"
#include "weft/worker.h"

// Drops the packets of MASK for REASON; in a dry run it only records the reason. The caller removes the lanes from
// the mask that it returns.
void weft_drop(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask, enum weft_drop_reason reason);

// Drops one packet that is in no vector; m->port is the port that it came from.
void weft_drop_mbuf(struct weft_worker *worker, struct rte_mbuf *m, enum weft_drop_reason reason);

// Removes the packets of MASK, which were for the switch itself; in a dry run it does nothing.
void weft_take(struct weft_worker *worker, struct weft_vec *vec, weft_lanes mask);

// Frees the packets that have been dropped or taken.
void weft_free_dead(struct weft_worker *worker);

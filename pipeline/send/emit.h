// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sends frames to ports: tags them, encapsulates them, and puts them into the outbox. All functions: owner worker.
#pragma once

#include "weft/worker.h"

#define WEFT_TAG_LEN 4 // bytes of a VLAN tag

// Sends M, a frame of LANE, to the port OUT. Returns -1: M is gone, sent or else dropped with its reason counted. Or
// returns the reason why OUT does not take M: M is unchanged, and the caller drops it. In a dry run M stays as it
// is, the decision is recorded, and -1 is returned.
int weft_emit(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, uint16_t out,
	struct rte_mbuf *m);

// The same, but drops M if OUT does not take it.
void weft_emit_or_drop(struct weft_worker *worker, struct weft_vec *vec, const struct weft_lane *lane, uint16_t out,
	struct rte_mbuf *m);

// The same for a frame that the switch makes itself, which is in no vector.
void weft_emit_own(struct weft_worker *worker, const struct weft_lane *lane, uint16_t out, struct rte_mbuf *m);

// A new frame of LEN bytes, counted as created by PORT; NULL: no memory.
struct rte_mbuf *weft_frame_new(struct weft_worker *worker, uint16_t port, uint16_t len);

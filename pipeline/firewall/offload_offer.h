// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Offers connections to hardware.
#pragma once

#include "weft/offload.h"
#include "weft/worker.h"

// Whether nothing about the packets of S has to be followed any more: TCP windows are followed in software only.
static inline bool
weft_offload_is_settled(const struct weft_session *s)
{
	return s->state == WEFT_SESSION_UDP_STREAM ||
	       (s->state == WEFT_SESSION_ESTABLISHED && s->flags & WEFT_SESSION_LIBERAL);
}

// Offers the connection with KEY to hardware, if that is worth it and due. The packet in lane I, which end E sends,
// has just passed. RECORD is where the connection was looked for. Owner worker.
void weft_offload_offer(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, uint32_t record,
	const struct weft_session_key *key, unsigned int e);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Counts a port's connections and fragments against its limits, over all workers.
#pragma once

#include "weft/session.h"

// Sums the connections of PORT, those without an answer, and its fragmented datagrams. Owner worker of T; the counts
// of the other workers may be a moment old.
static inline void
weft_account_counts(const struct weft_sessions *t, uint16_t port, uint32_t *n, uint32_t *n_half, uint32_t *n_frags)
{
	*n = t->port[port].n;
	*n_half = t->port[port].n_half;
	*n_frags = t->port[port].n_frags;
	for (uint16_t i = 0; i < t->n_peers; i++) {
		const volatile struct weft_port_sessions *other = &t->peers[i]->port[port];

		if (t->peers[i] == t)
			continue;
		*n += other->n;
		*n_half += other->n_half;
		*n_frags += other->n_frags;
	}
}

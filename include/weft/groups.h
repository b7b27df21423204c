// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who wants which multicast: a table of each worker's own, learned from IGMP and MLD (RFC 4541), that works as the one
// of learned addresses does.
#pragma once

#include "weft/fdb.h"

#define WEFT_GROUPS_PER_PORT 256

struct weft_groups {
	struct weft_mactab tab;
	uint32_t limit; // entries at most
	uint32_t n;
	uint32_t query_s; // ports are asked what they want so often, in seconds; 0: by a router, as often as those do
	uint32_t sweep;	  // next bucket to age
	uint16_t *joined; // [WEFT_MAX_PORTS]: groups of a port, of generation gen[]
	uint16_t *gen;
	uint64_t refused; // joins for which there was no room
	// Tells the other workers, as in struct weft_fdb. NULL with one worker.
	void (*tell)(struct weft_worker *worker, const struct weft_fdb_message *message);
};

// Takes memory for LIMIT entries. Returns NULL with errno.
struct weft_groups *weft_groups_new(uint32_t limit, uint32_t query_s, uint64_t seed);
void weft_groups_free(struct weft_groups *groups);

// Takes over what another worker has heard. Owner worker.
void weft_groups_hear(struct weft_worker *worker, const struct weft_fdb_message *message);

// Removes what is too old or dead from the next N_BUCKETS buckets. Owner worker.
void weft_groups_sweep(struct weft_worker *worker, uint32_t n_buckets);

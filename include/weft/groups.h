// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Multicast groups and the ports that want them, learned from IGMP and MLD (RFC 4541). Each worker has a table of
// its own, as for learned addresses.
#pragma once

#include "weft/fdb.h"

#define WEFT_GROUPS_PER_PORT 256 // groups that a port may join

struct weft_groups {
	struct weft_mactab tab;
	uint32_t limit; // entries at most
	uint32_t n;
	uint32_t query_s; // seconds between two queries; 0: routers ask, at their own interval
	uint32_t sweep;	  // next bucket to age
	uint16_t *joined; // [WEFT_MAX_PORTS]: groups that a port of generation gen[] has joined
	uint16_t *gen;
	uint64_t refused; // joins for which there was no room
	// Sends MESSAGE to the other workers, as in struct weft_fdb. NULL if there is one worker.
	void (*tell)(struct weft_worker *worker, const struct weft_fdb_message *message);
};

// A table for LIMIT entries. QUERY_S is the interval of queries in seconds. Returns NULL with errno. Control thread.
struct weft_groups *weft_groups_new(uint32_t limit, uint32_t query_s, uint64_t seed);
void weft_groups_free(struct weft_groups *groups);

// Enters a message from another worker. Owner worker.
void weft_groups_hear(struct weft_worker *worker, const struct weft_fdb_message *message);

// Removes entries that are too old from the next N_BUCKETS buckets. Owner worker.
void weft_groups_sweep(struct weft_worker *worker, uint32_t n_buckets);

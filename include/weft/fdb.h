// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Learned addresses: a table of each worker's own. A worker learns what arrives on its ports and
// tells the others; entries that nobody refreshes age.
#pragma once

#include <stdint.h>

#include "weft/mactab.h"
#include "weft/snapshot.h"

struct weft_worker;

struct weft_fdb_message {
	uint64_t key;
	uint16_t port;
	uint16_t gen;
	uint32_t what; // 0: that the address KEY was learned; else of multicast groups
};

struct weft_fdb {
	struct weft_mactab tab;
	uint32_t limit;	 // entries at most
	uint32_t n;	 // entries
	uint32_t age;	 // seconds
	uint32_t sweep;	 // next bucket to age
	uint32_t *count; // [WEFT_MAX_PORTS]: addresses behind a port, of generation gen[]
	uint16_t *gen;
	// Tells the other workers; returns nothing, may lose. NULL with one worker.
	void (*tell)(struct weft_worker *worker, const struct weft_fdb_message *message);
};

// Takes memory for LIMIT addresses that live AGE seconds. Returns NULL with errno.
struct weft_fdb *weft_fdb_new(uint32_t limit, uint32_t age, uint64_t seed);
void weft_fdb_free(struct weft_fdb *fdb);

// The port that KEY was learned on, or NULL: unknown, aged, or its port is gone. Owner worker.
static inline const struct weft_mac_entry *
weft_fdb_find(const struct weft_fdb *fdb, const struct weft_snapshot *snap, uint64_t key, uint64_t hash)
{
	const struct weft_mac_entry *entry = weft_mactab_find(&fdb->tab, key, hash);

	return entry && weft_snapshot_port(snap, entry->port, entry->gen) ? entry : NULL;
}

// Learns or refreshes KEY behind PORT, and tells the others where it is news. Owner worker.
void weft_fdb_learn(struct weft_worker *worker, uint64_t key, uint16_t port, uint16_t gen);

// Takes over what another worker learned. Owner worker.
void weft_fdb_hear(struct weft_worker *worker, const struct weft_fdb_message *message);

// Removes what is too old or dead from the next N_BUCKETS buckets. Owner worker.
void weft_fdb_sweep(struct weft_worker *worker, uint32_t n_buckets);

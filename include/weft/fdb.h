// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Learned MAC addresses. Each worker has a table of its own: it learns the sources of frames from its ports and
// tells the other workers. Entries that are not refreshed age.
#pragma once

#include <stdint.h>

#include "weft/mactab.h"
#include "weft/snapshot.h"

struct weft_worker;

struct weft_fdb_message {
	uint64_t key;
	uint16_t port;
	uint16_t gen;
	uint32_t what; // 0: KEY was learned behind PORT; else a message about multicast groups
};

struct weft_fdb {
	struct weft_mactab tab;
	uint32_t limit;	 // entries at most
	uint32_t n;	 // entries
	uint32_t age;	 // seconds after which an entry that is not refreshed is removed
	uint32_t sweep;	 // next bucket to age
	uint32_t *count; // [WEFT_MAX_PORTS]: addresses behind a port of generation gen[]
	uint16_t *gen;
	// Sends MESSAGE to the other workers; it may be lost. NULL if there is one worker.
	void (*tell)(struct weft_worker *worker, const struct weft_fdb_message *message);
};

// A table for LIMIT addresses that live AGE seconds. Returns NULL with errno. Control thread.
struct weft_fdb *weft_fdb_new(uint32_t limit, uint32_t age, uint64_t seed);
void weft_fdb_free(struct weft_fdb *fdb);

// The entry of KEY, whose hash is HASH. NULL: KEY is not known, or its port is gone. Owner worker.
static inline const struct weft_mac_entry *
weft_fdb_find(const struct weft_fdb *fdb, const struct weft_snapshot *snap, uint64_t key, uint64_t hash)
{
	const struct weft_mac_entry *entry = weft_mactab_find(&fdb->tab, key, hash);

	return entry && weft_snapshot_port(snap, entry->port, entry->gen) ? entry : NULL;
}

// Learns or refreshes KEY behind PORT, of generation GEN, and tells the other workers if they do not know. Owner
// worker.
void weft_fdb_learn(struct weft_worker *worker, uint64_t key, uint16_t port, uint16_t gen);

// Enters an address that another worker has learned. Owner worker.
void weft_fdb_hear(struct weft_worker *worker, const struct weft_fdb_message *message);

// Removes entries that are too old, or whose port is gone, from the next N_BUCKETS buckets. Owner worker.
void weft_fdb_sweep(struct weft_worker *worker, uint32_t n_buckets);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A table from (domain, MAC address) to port, in buckets of one cache line. A key is in one of two buckets. A table has
// one writer at most: a table of learned addresses belongs to a worker, that of configured addresses is part of a
// snapshot.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_prefetch.h>

#define WEFT_MACTAB_WAYS 4

struct weft_mac_entry {
	uint64_t key; // domain << 48 | MAC; 0 is free
	uint16_t port;
	uint16_t gen;  // the generation of the port when the entry was made: if it differs, the port is gone
	uint32_t seen; // seconds on the engine's clock
};

struct weft_mac_bucket {
	struct weft_mac_entry way[WEFT_MACTAB_WAYS];
} __rte_cache_aligned;

struct weft_mactab {
	struct weft_mac_bucket *buckets;
	uint32_t mask; // number of buckets less one
	uint64_t seed; // random, so that guests, who choose MAC addresses, cannot choose buckets
};

static inline uint64_t
weft_mac_key(uint16_t domain, uint64_t mac)
{
	return (uint64_t)domain << 48 | mac;
}

// Mixes like the finaliser of MurmurHash3 (Appleby), on a seeded key.
static inline uint64_t
weft_mactab_hash(const struct weft_mactab *tab, uint64_t key)
{
	uint64_t h = key ^ tab->seed;

	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 32;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 29;
}

static inline struct weft_mac_bucket *
weft_mactab_first(const struct weft_mactab *tab, uint64_t hash)
{
	return &tab->buckets[(uint32_t)hash & tab->mask];
}

static inline struct weft_mac_bucket *
weft_mactab_second(const struct weft_mactab *tab, uint64_t hash)
{
	return &tab->buckets[(uint32_t)(hash >> 32) & tab->mask];
}

static inline struct weft_mac_entry *
weft_mac_bucket_find(struct weft_mac_bucket *bucket, uint64_t key)
{
	for (unsigned int i = 0; i < WEFT_MACTAB_WAYS; i++)
		if (bucket->way[i].key == key)
			return &bucket->way[i];
	return NULL;
}

// The entry of KEY, whose hash is HASH, or NULL.
static inline struct weft_mac_entry *
weft_mactab_find(const struct weft_mactab *tab, uint64_t key, uint64_t hash)
{
	struct weft_mac_entry *entry = weft_mac_bucket_find(weft_mactab_first(tab, hash), key);

	return entry ? entry : weft_mac_bucket_find(weft_mactab_second(tab, hash), key);
}

// Buckets of a table that holds N entries at half load: a power of two.
uint32_t weft_mactab_buckets(uint32_t n);

// Allocates zeroed buckets for N entries at half load. Returns 0 or -ENOMEM. Control thread.
int weft_mactab_init(struct weft_mactab *tab, uint32_t n, uint64_t seed);
void weft_mactab_fini(struct weft_mactab *tab);

// A free way for KEY in one of its two buckets; NULL: both are full and no entry can be moved. The caller fills it,
// and is the only user of the table meanwhile: other entries may move.
struct weft_mac_entry *weft_mactab_free_way(const struct weft_mactab *tab, uint64_t key);

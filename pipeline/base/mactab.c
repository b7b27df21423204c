// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Allocates MAC tables and makes room for entries.
#include "weft/mactab.h"

#include <errno.h>

#include <rte_malloc.h>

uint32_t
weft_mactab_buckets(uint32_t n)
{
	return rte_align32pow2(RTE_MAX(n, 2u)) * 2 / WEFT_MACTAB_WAYS;
}

int
weft_mactab_init(struct weft_mactab *tab, uint32_t n, uint64_t seed)
{
	uint32_t n_buckets = weft_mactab_buckets(n);

	tab->buckets = rte_zmalloc("mactab", (size_t)n_buckets * sizeof(tab->buckets[0]), RTE_CACHE_LINE_SIZE);
	if (tab->buckets == NULL)
		return -ENOMEM;
	tab->mask = n_buckets - 1;
	tab->seed = seed;
	return 0;
}

void
weft_mactab_fini(struct weft_mactab *tab)
{
	rte_free(tab->buckets);
	tab->buckets = NULL;
}

static struct weft_mac_entry *
free_way(struct weft_mac_bucket *bucket)
{
	return weft_mac_bucket_find(bucket, 0);
}

// Moves an entry of a full bucket to its other bucket, and returns the way that is free then; NULL: none can move.
static struct weft_mac_entry *
make_way(const struct weft_mactab *tab, struct weft_mac_bucket *bucket)
{
	for (unsigned int i = 0; i < WEFT_MACTAB_WAYS; i++) {
		struct weft_mac_entry *entry = &bucket->way[i], *to;
		uint64_t hash = weft_mactab_hash(tab, entry->key);
		struct weft_mac_bucket *first = weft_mactab_first(tab, hash);

		to = free_way(first == bucket ? weft_mactab_second(tab, hash) : first);
		if (to) {
			*to = *entry;
			return entry;
		}
	}
	return NULL;
}

struct weft_mac_entry *
weft_mactab_free_way(const struct weft_mactab *tab, uint64_t key)
{
	uint64_t hash = weft_mactab_hash(tab, key);
	struct weft_mac_bucket *first = weft_mactab_first(tab, hash), *second = weft_mactab_second(tab, hash);
	struct weft_mac_entry *way = free_way(first);

	// The first bucket is preferred, so that most look-ups touch one cache line. Two full buckets make room as
	// in cuckoo hashing (Pagh and Rodler), but one step deep, so that the work is bounded.
	if (way == NULL)
		way = free_way(second);
	if (way == NULL)
		way = make_way(tab, first);
	if (way == NULL)
		way = make_way(tab, second);
	return way;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Memory and insertion of the MAC table.
#include "weft/mactab.h"

#include <errno.h>

#include <rte_malloc.h>

int
weft_mactab_init(struct weft_mactab *tab, uint32_t n, uint64_t seed)
{
	// Half full on average: a key finds no way in either bucket so rarely that tests do not see it.
	uint32_t n_buckets = rte_align32pow2(RTE_MAX(n, 2u)) * 2 / WEFT_MACTAB_WAYS;

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

static unsigned int
free_ways(struct weft_mac_bucket *bucket, struct weft_mac_entry **first)
{
	unsigned int n = 0;

	for (int i = WEFT_MACTAB_WAYS - 1; i >= 0; i--) {
		if (bucket->way[i].key == 0) {
			*first = &bucket->way[i];
			n++;
		}
	}
	return n;
}

struct weft_mac_entry *
weft_mactab_free_way(const struct weft_mactab *tab, uint64_t key)
{
	uint64_t hash = weft_mactab_hash(tab, key);
	struct weft_mac_entry *first = NULL, *second = NULL;

	// The first bucket as long as it has room: a look-up then mostly touches one cache line.
	if (free_ways(weft_mactab_first(tab, hash), &first) > 0)
		return first;
	free_ways(weft_mactab_second(tab, hash), &second);
	return second;
}

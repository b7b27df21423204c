// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Looks up who has an address, and its groups.
#include "weft/addrmap.h"

#include <stddef.h>

struct weft_addr_entry *
weft_addrmap_find(const struct weft_addrmap *map, const struct weft_addr_key *key)
{
	for (uint32_t i = weft_addrmap_slot(map, key);; i = (i + 1) & map->mask) {
		struct weft_addr_entry *entry = &map->entry[i];

		if (entry->key.network == 0)
			return NULL;
		if (memcmp(&entry->key, key, sizeof(*key)) == 0)
			return entry;
	}
}

bool
weft_addrmap_names(const struct weft_addrmap *map, uint32_t network, bool v6, const uint8_t *addr)
{
	struct weft_addr_key key = { .network = network, .v6 = v6, .length = v6 ? 128 : 32 };

	if (network == 0 || (v6 ? map->lengths6[2] & 1 : map->lengths4 >> 32) == 0)
		return false;
	memcpy(key.addr, addr, v6 ? 16 : 4);
	return weft_addrmap_find(map, &key) != NULL;
}

static void
cut(uint8_t *addr, unsigned int size, unsigned int length)
{
	if (length % 8)
		addr[length / 8] &= 0xff << (8 - length % 8);
	for (unsigned int i = (length + 7) / 8; i < size; i++)
		addr[i] = 0;
}

const struct weft_identity *
weft_addrmap_lookup(const struct weft_addrmap *map, uint32_t network, bool v6, const uint8_t *addr)
{
	struct weft_addr_key key = { .network = network, .v6 = v6 };
	unsigned int size = v6 ? 16 : 4;

	if (map->entry == NULL)
		return NULL;
	memcpy(key.addr, addr, size);
	// The longest prefix first. Most maps have a single length, that of whole addresses.
	for (int w = v6 ? 2 : 0; w >= 0; w--) {
		uint64_t lengths = v6 ? map->lengths6[w] : map->lengths4;

		while (lengths) {
			unsigned int bit = 63 - __builtin_clzll(lengths);
			const struct weft_addr_entry *entry;

			lengths &= ~(UINT64_C(1) << bit);
			key.length = w * 64 + bit;
			cut(key.addr, size, key.length);
			entry = weft_addrmap_find(map, &key);
			if (entry)
				return entry->identity;
		}
	}
	return NULL;
}

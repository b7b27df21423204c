// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Maps (network, address) to the groups of the ports that have the address, on any host: whoever names an address owns it.
// Part of a snapshot: the control thread builds it, workers read it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WEFT_IDENTITY_GROUPS 64 // the most groups of one address: those of all ports that share it

// The set of groups that an address belongs to.
struct weft_identity {
	uint32_t port; // the owner's number, for the control thread; 0: several ports share the address
	uint32_t n;
	uint32_t group[]; // numbers that only this host uses, ascending
};

struct weft_addr_key {
	uint32_t network;
	uint8_t v6;
	uint8_t length; // of the prefix, in bits
	uint8_t reserved[2];
	uint8_t addr[16]; // IPv4 in the first four bytes; bits behind the prefix are 0
};

struct weft_addr_entry {
	struct weft_addr_key key; // network 0: free
	const struct weft_identity *identity;
};

struct weft_addrmap {
	struct weft_addr_entry *entry; // MASK + 1 entries, of which half are free; linear probing
	uint32_t mask;
	uint64_t seed;
	uint64_t lengths4;    // the prefix lengths in use, as bits 0 to 32
	uint64_t lengths6[3]; // the same for IPv6: bits 0 to 128
};

// Mixes two words into one: the folded product, as in wyhash (Wang Yi).
static inline uint64_t
weft_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t
weft_addrmap_slot(const struct weft_addrmap *map, const struct weft_addr_key *key)
{
	uint64_t word[3];

	memcpy(word, key, sizeof(word));
	return (uint32_t)weft_mix(weft_mix(word[0] ^ map->seed, word[1] ^ UINT64_C(0xa0761d6478bd642f)) ^ map->seed,
		       word[2] ^ UINT64_C(0xe7037ed1a0b428db)) &
	       map->mask;
}

// The entry with exactly KEY, or NULL. Any thread.
struct weft_addr_entry *weft_addrmap_find(const struct weft_addrmap *map, const struct weft_addr_key *key);

// Whether some port of NETWORK names exactly ADDR, 4 or 16 bytes, and not only a prefix around it. Any thread.
bool weft_addrmap_names(const struct weft_addrmap *map, uint32_t network, bool v6, const uint8_t *addr);

// The groups of the ports that have ADDR, 4 or 16 bytes, in NETWORK; the longest prefix decides. NULL: no port has it.
// Any thread.
const struct weft_identity *
weft_addrmap_lookup(const struct weft_addrmap *map, uint32_t network, bool v6, const uint8_t *addr);

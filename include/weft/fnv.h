// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// FNV-1a, 64 bits (Fowler, Noll, Vo: draft-eastlake-fnv). ETags and MAC addresses are made from it, so its values must
// stay the same in every version.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Returns the hash of TEXT without its terminating zero.
static inline uint64_t
weft_fnv_hash_bytes(const void *data, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (const uint8_t *p = data; size--; p++)
		hash = (hash ^ *p) * UINT64_C(0x100000001b3);
	return hash;
}

// The same of the characters of TEXT.
static inline uint64_t
weft_fnv_hash(const char *text)
{
	return weft_fnv_hash_bytes(text, strlen(text));
}

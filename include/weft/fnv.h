// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// FNV-1a, 64 bits (Fowler, Noll, Vo: draft-eastlake-fnv). ETags and MAC addresses are made from it, so its values must
// stay the same in every version.
#pragma once

#include <stdint.h>

// Returns the hash of TEXT without its terminating zero.
static inline uint64_t
weft_fnv_hash(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (const char *p = text; *p; p++)
		hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
	return hash;
}

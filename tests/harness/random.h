// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Random numbers that are the same in every run: xorshift64 (Marsaglia, Xorshift RNGs, 2003).
#pragma once

#include <stdint.h>

#define RANDOM_SEED UINT64_C(88172645463325252)

// Returns the next number of STATE, which starts as RANDOM_SEED or another number that is not zero.
static inline uint32_t
random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

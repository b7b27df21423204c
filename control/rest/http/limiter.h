// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Limits by client address: how many requests an address may send, and how long it waits after a failed login. Each
// address has a token bucket and a counter in a table of a fixed size; in a full set of the table the address that has
// been silent the longest makes room.
#pragma once

#include <stdint.h>

// Sets the limit: PER_S requests a second of an address, and as many at once; 0: no limit.
void weft_limiter_set(unsigned int per_s);

// Counts a request of ADDRESS, a text of less than 48 bytes, at NOW_MS. Returns 0, or the seconds after which the client
// may try again.
unsigned int weft_limiter_take(const char *address, uint64_t now_ms);

// Counts a failed login of ADDRESS. Returns the milliseconds by which the answer is to be delayed: twice as many as the
// time before, up to 5 s. Ten minutes without a failure reset that.
unsigned int weft_limiter_fail(const char *address, uint64_t now_ms);

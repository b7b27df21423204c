// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The clocks. Every function may be called on every thread except a worker: the packet path measures time with the TSC.
#pragma once

#include <stdint.h>
#include <time.h>

// Nanoseconds since an unspecified start. This clock never jumps, and does not tick while the machine is suspended.
static inline uint64_t
weft_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

// The same clock in microseconds.
static inline uint64_t
weft_clock_us(void)
{
	return weft_clock_ns() / 1000;
}

// The same clock in milliseconds: for timeouts and deadlines.
static inline uint64_t
weft_clock_ms(void)
{
	return weft_clock_ns() / 1000000;
}

// The wall clock in microseconds since 1970: for times that people read. It jumps when the system's time is set.
static inline uint64_t
weft_clock_wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000) + (uint64_t)now.tv_nsec / 1000;
}

// The wall clock in seconds since 1970.
static inline int64_t
weft_clock_wall_s(void)
{
	return (int64_t)(weft_clock_wall_us() / 1000000);
}

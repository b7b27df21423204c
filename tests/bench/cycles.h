// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What benchmarks in one process share: the cost of a time stamp, and figures of many short rounds.
#pragma once

#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>
#include <rte_common.h>
#include <rte_cycles.h>

static inline int
bench_compare(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

// Returns the median and the minimum of N rounds in CYCLES, less OVERHEAD and divided by PER: a new object. Sorts
// CYCLES.
static inline json_t *
bench_figures(uint32_t *cycles, unsigned int n, uint32_t overhead, double per)
{
	double min, median;

	qsort(cycles, n, sizeof(cycles[0]), bench_compare);
	min = cycles[0] > overhead ? (cycles[0] - overhead) / per : 0;
	median = cycles[n / 2] > overhead ? (cycles[n / 2] - overhead) / per : 0;
	return json_pack("{s:f, s:f}", "median", median, "min", min);
}

// Returns the least cost of two time stamps, in cycles.
static inline uint32_t
bench_stamp_cost(void)
{
	uint32_t least = UINT32_MAX;

	for (unsigned int i = 0; i < 10000; i++) {
		uint64_t start = rte_rdtsc_precise();
		uint32_t cost = (uint32_t)(rte_rdtsc_precise() - start);

		least = RTE_MIN(least, cost);
	}
	return least;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Starts DPDK's EAL for a test or a benchmark: without PCI devices, shared files or telemetry.
#pragma once

#include <stdio.h>

#include <rte_eal.h>

// MORE are further arguments, up to 11, and a NULL. To be called once. Returns 0, or -1 when the EAL does not start.
static inline int
eal_start(const char *const *more)
{
	static char arg[16][40] = { "test", "--no-pci", "--no-shconf", "--no-telemetry" };
	static char *argv[17];
	int n = 4;

	for (; *more && n < 15; more++)
		snprintf(arg[n++], sizeof(arg[0]), "%s", *more);
	for (int i = 0; i < n; i++)
		argv[i] = arg[i];
	return rte_eal_init(n, argv) < 0 ? -1 : 0;
}

#define EAL_START(...) eal_start((const char *const[]){ __VA_ARGS__, NULL })

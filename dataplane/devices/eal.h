// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Starts DPDK's environment (EAL) with arguments from weft's configuration. Workers become lcores 1 to n; the control
// thread is lcore 0.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/limits.h"
#include "weft/log.h"

struct weft_eal_config {
	uint16_t n_workers;
	uint16_t worker_cpu[WEFT_MAX_WORKERS];
	char control_cpus[64]; // as in a --lcores list; empty: all CPUs that the process may run on
	bool hugepages;
	bool pci;	    // probe the PCI bus
	uint32_t memory_mb; // at most
	uint32_t first_mb;  // with huge pages: of that, what is taken at the start
	char file_prefix[64];
	char extra[512]; // more EAL arguments, separated by spaces
};

// Starts EAL. Once in a process. Returns 0 or -errno with ERR.
int weft_eal_init(const struct weft_eal_config *config, struct weft_error *err);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// DPDK's environment: its arguments from weft's configuration.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "weft/limits.h"
#include "weft/log.h"

struct weft_eal_config {
	uint16_t n_workers;
	uint16_t worker_cpu[WEFT_MAX_WORKERS];
	char control_cpus[64]; // as in a --lcores list; empty: wherever the process may run
	bool hugepages;
	bool pci;	    // probe the PCI bus
	uint32_t memory_mb; // at most
	uint32_t first_mb;  // of it, taken at the start: what is known to be needed; with huge pages
	char file_prefix[64];
	char extra[512]; // more EAL arguments, separated by spaces
};

// Initialises EAL; once in a process. Returns 0 or -errno with ERR.
int weft_eal_init(const struct weft_eal_config *config, struct weft_error *err);

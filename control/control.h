// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The control thread: configuration in, a running switch out.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "weft/engine.h"
#include "weft/log.h"

struct weft_config {
	struct weft_engine_config engine;
	uint16_t worker_cpu[WEFT_MAX_WORKERS];
	char control_cpus[64];
	bool hugepages;
	bool pci;
	uint32_t memory_mb;
	char file_prefix[64];
	char dpdk_args[512];
	char socket[108];
	uint32_t socket_mode;
	char socket_group[64]; // who may change things besides root and weftd's own user
	char state_dir[256];
	char vhost_dir[256];
	char policy[256]; // objects read at start, besides what was applied before; empty: none
};

// The defaults of an installed weftd, or with DEV, of one that lives in that folder; then FILE, where
// given, over them. Makes the folders. Returns 0 or -errno with ERR.
int weft_config_load(const char *file, const char *dev, struct weft_config *config, struct weft_error *err);

// Opens the socket, brings the stored state into force, serves until SIGTERM or SIGINT. The engine runs.
int weft_control_run(const struct weft_config *config, struct weft_error *err);

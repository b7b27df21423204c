// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftd's own configuration.
#pragma once

#include "weft/engine.h"
#include "weft/log.h"

#include "control/cluster/etcd/etcd.h"

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
	char socket_group[64]; // besides root and weftd's own user, its members may change things
	char state_dir[256];
	char vhost_dir[256];
	char policy[256]; // a file of objects that are applied at the start; empty: none
	char host[64];	  // this host's name in the cluster
	uint32_t policy_memory_mb;
	struct weft_etcd_config etcd; // no endpoints: this host is in no cluster
};

// Fills CONFIG with the defaults of an installed weftd, or with DEV, with those of a weftd that keeps everything in the
// folder DEV. The values in FILE, unless it is NULL, replace the defaults. Makes the folders that are missing. Returns
// 0, or -errno with ERR.
int weft_config_load(const char *file, const char *dev, struct weft_config *config, struct weft_error *err);

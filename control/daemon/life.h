// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The control thread: configuration in, a running switch out.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "weft/engine.h"
#include "weft/log.h"

#define WEFT_MAX_ENDPOINTS 8

// How to reach the cluster's store; without endpoints there is no cluster.
struct weft_etcd_config {
	unsigned int n_endpoints;
	char endpoint[WEFT_MAX_ENDPOINTS][128]; // "http://10.0.0.1:2379"
	char prefix[64];			// of all keys
	char user[64], password_file[256];
	char ca[256], cert[256], key[256]; // PEM files
	uint32_t lease_s;		   // a host that is silent for so long is out
	uint32_t prepare_s;		   // so long may hosts take to prepare a generation
};

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
	char host[64];	  // this host's name in the cluster
	uint32_t policy_memory_mb;
	struct weft_etcd_config etcd;
};

// The defaults of an installed weftd, or with DEV, of one that lives in that folder; then FILE, where
// given, over them. Makes the folders. Returns 0 or -errno with ERR.
int weft_config_load(const char *file, const char *dev, struct weft_config *config, struct weft_error *err);

// Opens the socket, brings the stored state into force, serves until SIGTERM or SIGINT. The engine runs.
int weft_control_run(const struct weft_config *config, struct weft_error *err);

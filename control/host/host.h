// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's part of the policy, as all files of this room see it. Control thread; several may live in a process.
#pragma once

#include "control/compile/placement.h"
#include "control/policy/model.h"

struct weft_prepared;

// A port of this host that has a DPDK device.
struct weft_device {
	UT_hash_handle hh;
	char key[WEFT_KEY_SIZE]; // of the port
};

struct weft_local {
	char host[WEFT_NAME_SIZE]; // this host's name
	bool alone;		   // no cluster: ports that name no host are here
	struct weft_model *model;  // with the changes that are prepared
	struct weft_placement *placement;
	struct weft_snapshot *snap; // in force; NULL: none yet
	uint64_t version;	    // its number
	uint64_t in_force_us;	    // when the policy's generation came into force, in microseconds since 1970
	uint64_t generation;	    // of the policy in force
	uint32_t cluster;	    // a number of the cluster, for stamps on frames; 0: no cluster
	uint64_t tsc_hz;
	size_t budget; // bytes that the compiled policy may take
	// Returns this host's share of a tenant's rate, as weft_cluster_share() does. NULL: it may use all of the rate.
	int32_t (*share)(const char *tenant, int32_t *kept);
	bool kernel;	// the kernel has the tunnels' address on the uplink's interface, and its routes count
	bool rerouted;	// the kernel's routes lead elsewhere than those that are compiled
	json_t *failed; // ports whose device did not open: path to reason
	struct weft_device *devices;
	struct weft_prepared *prepared; // NULL: no change is prepared
};

// Whether PORT is attached on this host; and calls FN with every port that is, in no order.
static inline bool
weft_local_has(const struct weft_local *local, const struct weft_port *port)
{
	return weft_placement_has(local->placement, port);
}

static inline void
weft_local_each(const struct weft_local *local, void (*fn)(void *arg, const struct weft_port *port), void *arg)
{
	weft_placement_each(local->placement, local->model, fn, arg);
}

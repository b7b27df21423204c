// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Data plans of ports, limits of tenants, and addresses of retired ports.
#pragma once

#include "parse.h"

struct weft_plan_limits {
	uint64_t rate;	// bits per second of the L2 frame without FCS; 0: no limit
	uint64_t burst; // bytes
	uint64_t pps;	// packets per second; 0: no limit
};

struct weft_plan {
	struct weft_object o;
	struct weft_plan_limits from_vm, to_vm;
	uint64_t min_rate; // bits per second
	uint32_t weight;
	int16_t dscp; // -1: packets keep the VM's own
};

// How a host that lost the cluster handles a tenant's ports.
enum weft_isolation { WEFT_ISOLATION_KEEP, WEFT_ISOLATION_DENY_NEW, WEFT_ISOLATION_DENY_ALL };

// 0 in a field: the default that the field's help text names.
struct weft_limits {
	struct weft_object o;
	uint32_t ports;
	uint64_t sessions;
	uint64_t half_open;
	uint64_t fragmented;
	uint64_t new_sessions_per_second;
	uint64_t rate;	  // bits per second
	int on_isolation; // enum weft_isolation
};

// The whole of a tenant's rate, in the units in which hosts get shares of it.
#define WEFT_WHOLE (1 << 20)

// The addresses of a retired port, which no other port may have for a time.
struct weft_retired {
	struct weft_object o;
	char network[WEFT_NAME_SIZE];
	uint64_t mac;
	struct weft_ips ips;
	uint64_t until; // seconds since 1970
};

extern const struct weft_kind weft_kind_plan, weft_kind_limits, weft_kind_retired;

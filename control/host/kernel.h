// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The kernel's routes and neighbours (rtnetlink): where the kernel has the tunnels' address too, on the interface that
// the uplink's device is on, it knows the ways to other hosts, and what it says counts. Control thread.
#pragma once

#include <event2/event.h>

#include "local.h"

// Watches the kernel from now on, and tells the workers of what concerns LOCAL. Without netlink nothing is known.
// Returns 0 or -errno.
int weft_kernel_start(struct event_base *base, struct weft_local *local);
void weft_kernel_stop(void);

// Whether the kernel has the address of this host's tunnels on the interface of the uplink in use.
bool weft_kernel_has_address(const struct weft_local *local);

// The next hop to ADDRESS by the kernel's routes: ADDRESS itself where it is on the link, none where there is no route,
// or one that does not leave by the uplink in use.
struct weft_ip weft_kernel_hop(const struct weft_local *local, const struct weft_ip *address);

// A new snapshot is in force: its neighbours' MACs are told to the workers.
void weft_kernel_refresh(struct weft_local *local);

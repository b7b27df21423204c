// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The kernel's routes and neighbours (rtnetlink). If the kernel has the tunnels' address on the interface that the
// uplink in use is on, its routes to other hosts count, and workers are told the MACs that it knows. Control thread.
#pragma once

#include "host.h"

// Connects to the kernel; without a connection nothing is known. Returns 0 or -EIO.
int weft_kernel_open(void);
void weft_kernel_close(void);

// Whether the kernel has the address of this host's tunnels on the interface of the uplink in use.
bool weft_kernel_has_address(const struct weft_local *local);

// The next hop to ADDRESS by the kernel's routes: ADDRESS itself if it is on the uplink's network; none if there is no
// route, or one that does not leave by the uplink in use.
struct weft_ip weft_kernel_hop(const struct weft_placement *placement, const struct weft_ip *address);

// Whether the kernel says otherwise than the snapshot in force: about the address, or about a next hop.
bool weft_kernel_differs(const struct weft_local *local);

// Tells the workers the MACs of other hosts' next hops. weft_kernel_probe() also has the kernel find out whether the
// next hops are still there, if the kernel shares the uplink's interface: then their answers go to the kernel, so it
// must ask.
void weft_kernel_tell(const struct weft_local *local);
void weft_kernel_probe(const struct weft_local *local);

// Whether the kernel shares the interface of the uplink in use.
bool weft_kernel_shares_uplink(const struct weft_local *local);

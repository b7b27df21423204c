// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Gives an assigned VF its driver, and has its PF enforce the VF's attributes. Control thread.
#pragma once

#include "assignment.h"
#include "projection.h"

// The folder of sysfs: /sys, or in a test, the environment's WEFT_SYSFS.
const char *weft_sysfs(void);

// The socket of NETLINK_ROUTE through which PFs are asked and told; -1: none, and then no VF can be assigned.
void weft_enforcement_set_socket(int fd);
int weft_enforcement_socket(void);

// Gives the VF of A to the driver that it needs. A VF that is passed through keeps the driver that it has: for a
// container, that may be one of the kernel's. Returns 0, or -errno with ERR.
int weft_enforcement_bind(struct weft_assignment *a, struct weft_error *err);

// Has the PF enforce PROJECTION. Returns 0; or -errno with ERR, and then all is as it was.
int weft_enforcement_apply(struct weft_assignment *a, const struct weft_projection *projection, struct weft_error *err);

// Undoes what weft_enforcement_apply() has changed since the last accepted change.
void weft_enforcement_undo(struct weft_assignment *a);

// Nobody drives the VF any more, or not yet: the PF enforces for it what it does for a new VF (unless A is fresh and was
// never told more), and it goes back to the driver that it had.
void weft_enforcement_reset(const struct weft_assignment *a);

// The VM may still drive the VF: it loses its link. If the PF cannot turn the link off, the VF is put into VLAN 4095,
// which no switch forwards (IEEE 802.1Q, table 9-2).
void weft_enforcement_cut_off(const struct weft_assignment *a);

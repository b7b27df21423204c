// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft's XDP program on an interface that is shared with the kernel. DPDK's driver loads the program, and weft finds
// its maps by the program that the interface has then. Control thread.
#pragma once

#include <net/if.h>

#include "weft/log.h"
#include "weft/uplink_filter.h"

struct weft_xdp;

// Prepares the interface IFNAME, which must take packets of MTU bytes: removes a program that a weftd has left that
// does not run any more, and writes the ARGUMENT with which the driver loads the new one. Returns NULL with ERR and
// errno on failure.
struct weft_xdp *weft_xdp_new(const char *ifname, uint16_t mtu, char argument[64], struct weft_error *err);

// Checks that packets of MTU bytes fit: only the kernel changes the interface's MTU. Returns 0 or -EMSGSIZE.
int weft_xdp_fits(const struct weft_xdp *xdp, uint16_t mtu);

// Finds the program's maps. Call it when the driver has loaded the program. Returns 0, or -errno with ERR.
int weft_xdp_begin(struct weft_xdp *xdp, struct weft_error *err);

// Sets what weft takes from the interface. Returns 0 or -errno; then some of it may be set.
int weft_xdp_set(struct weft_xdp *xdp, const struct weft_uplink_filter *filter);

// Reads what the program has counted.
void weft_xdp_counts(const struct weft_xdp *xdp, struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS]);

// Frees XDP. Call it after the driver has closed the device.
void weft_xdp_free(struct weft_xdp *xdp);

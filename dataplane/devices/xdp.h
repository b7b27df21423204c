// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft's XDP program on an interface that the kernel keeps. DPDK's driver loads it; its maps are found by the program
// that the interface has then. Control thread.
#pragma once

#include <net/if.h>

#include "weft/log.h"
#include "weft/wire.h"

struct weft_xdp;

// Makes the interface IFNAME ready, whose frames must take packets of MTU bytes: takes away a program that a weftd
// which is gone has left, and says with what ARGUMENT the driver finds the new one. NULL with ERR and errno.
struct weft_xdp *weft_xdp_new(const char *ifname, uint16_t mtu, char argument[64], struct weft_error *err);

// Whether packets of MTU bytes fit: an interface's MTU is the kernel's to change. Returns 0 or -EMSGSIZE.
int weft_xdp_fits(const struct weft_xdp *xdp, uint16_t mtu);

// When the driver has loaded it. Returns 0 or -errno with ERR.
int weft_xdp_begin(struct weft_xdp *xdp, struct weft_error *err);

// From now on it takes WIRE. Returns 0 or -errno.
int weft_xdp_set(struct weft_xdp *xdp, const struct weft_wire *wire);

void weft_xdp_counts(const struct weft_xdp *xdp, struct weft_wire_count counts[WEFT_WIRE_N_COUNTS]);

// After the driver has closed the device.
void weft_xdp_free(struct weft_xdp *xdp);

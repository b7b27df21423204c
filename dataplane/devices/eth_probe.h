// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ethernet devices in DPDK's list of devices.
#pragma once

#include "weft/log.h"

#include "eth_port.h"

// The NAME of a device in DEVICE, "name,arg=value".
void weft_eth_name(const char *device, char *name, size_t size);

// Has DPDK open the device of ATTACH, unless it is open with another one's, and fills in its number. On failure
// ETH->xdp may be set, and is the caller's to free. Returns 0, or -errno with ERR. Control thread.
int weft_eth_probe(struct weft_eth_port *eth, const struct weft_attach *attach, struct weft_error *err);

// Stops and closes the device, and removes it from the list where no other port of it is open. Any thread.
void weft_eth_remove(struct weft_eth_port *eth);

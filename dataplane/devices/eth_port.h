// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// An open Ethernet device, as the sources of this folder share it.
#pragma once

#include <pthread.h>

#include "weft/portio.h"

struct weft_xdp;

struct weft_eth_port {
	uint16_t id; // DPDK's number of the device
	uint16_t n_queues;
	bool single_segment;  // the device takes no chained mbufs
	unsigned int ifindex; // of the kernel's interface of the device; 0: it has none
	uint64_t connects;
	char device[256];
	struct weft_xdp *xdp; // of an interface that stays with the kernel; else NULL
	_Atomic bool removed; // the device is being removed: nobody may use it any more
	bool closing;	      // the thread CLOSER closes it
	pthread_t closer;
	uint16_t eswitch;    // the hardware switch that it is a port of; WEFT_NO_DEVICE: none that takes flows
	const char *offload; // why it takes no flows; NULL: it does
	char why[96];	     // memory for that text
};

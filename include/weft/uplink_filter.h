// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// An interface that weft shares with the kernel: weft takes the packets that this filter names, and all others go to
// the kernel.
#pragma once

#include "weft/tunnel.h"

#define WEFT_UPLINK_FILTER_DENIED_MOST 65536

struct weft_uplink_prefix {
	uint32_t bits; // of ADDRESS, which is 128 bits: an IPv4 prefix's length plus 96
	struct weft_ip address;
};

struct weft_uplink_filter {
	struct weft_ip address;	   // of the host's tunnels; all zero: it has none
	uint64_t vlans[4096 / 64]; // set of the VLANs of the host's networks
	uint32_t n_denied;
	struct weft_uplink_prefix *denied; // sources whose packets are dropped: neither weft nor the kernel gets them
};

// Frames are counted by what happened to them, since the filter was loaded.
enum weft_uplink_filter_counter {
	WEFT_UPLINK_FILTER_PASSED,   // went to the kernel
	WEFT_UPLINK_FILTER_TUNNEL,   // datagrams of tunnels and BFD
	WEFT_UPLINK_FILTER_FRAGMENT, // fragments of such datagrams
	WEFT_UPLINK_FILTER_VLAN,     // frames in VLANS
	WEFT_UPLINK_FILTER_DENIED,   // dropped
	WEFT_UPLINK_FILTER_N_COUNTS
};

struct weft_uplink_filter_count {
	uint64_t packets, bytes;
};

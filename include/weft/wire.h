// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What weft takes from an interface that the kernel keeps: everything else goes on to the kernel.
#pragma once

#include "weft/tunnel.h"

#define WEFT_WIRE_DENIED_MOST 65536

struct weft_wire_prefix {
	uint32_t bits; // of ADDRESS: an IPv4 one has 96 more than people say
	struct weft_ip address;
};

struct weft_wire {
	struct weft_ip address;	   // of the host's tunnels; none: it has none
	uint64_t vlans[4096 / 64]; // of its networks
	uint32_t n_denied;	   // sources of which nothing is taken by anybody
	struct weft_wire_prefix *denied;
};

// Frames since the program was loaded.
enum weft_wire_what {
	WEFT_WIRE_PASSED,   // to the kernel
	WEFT_WIRE_TUNNEL,   // datagrams of tunnels and BFD
	WEFT_WIRE_FRAGMENT, // parts of such
	WEFT_WIRE_VLAN,
	WEFT_WIRE_DENIED,
	WEFT_WIRE_N_COUNTS
};

struct weft_wire_count {
	uint64_t packets, bytes;
};

// SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only)
// Copyright (c) 2026 The weft authors

// Sizes and contents of the maps that weftd and the XDP program on an uplink share.
#pragma once

#include <linux/types.h>

#define UPLINK_QUEUES	 64
#define UPLINK_ADDRESSES 8
#define UPLINK_VLANS	 4096
#define UPLINK_DENIED	 65536

// UDP ports: RFC 7348, RFC 8926, RFC 5881, RFC 5883.
#define UPLINK_VXLAN	    4789
#define UPLINK_GENEVE	    6081
#define UPLINK_BFD	    3784
#define UPLINK_BFD_MULTIHOP 4784

// An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d; in network order.
struct uplink_address {
	__u32 word[4];
};

struct uplink_prefix {
	__u32 bits;
	struct uplink_address address;
};

enum uplink_what {
	UPLINK_PASSED,	      // to the kernel
	UPLINK_TUNNEL,	      // datagrams of tunnels and BFD
	UPLINK_FRAGMENT,      // fragments of such datagrams
	UPLINK_VLAN,	      // frames in VLANs of weft's networks
	UPLINK_DENIED_SOURCE, // dropped
	UPLINK_N_COUNTS
};

struct uplink_count {
	__u64 packets, bytes;
};

// The process that the program belongs to, named by its ID and the time of its start. N_DENIED: entries in the map of
// denied prefixes.
struct uplink_state {
	__u64 start;
	__u32 pid;
	__u32 n_denied;
};

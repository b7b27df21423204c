// SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only)
// Copyright (c) 2026 The weft authors

// What weftd and the XDP program on an uplink share: the sizes and the contents of its maps.
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

// An IPv6 address, or an IPv4 one as ::ffff:a.b.c.d; in network order.
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
	UPLINK_FRAGMENT,      // parts of such
	UPLINK_VLAN,	      // frames in VLANs of weft's
	UPLINK_DENIED_SOURCE, // dropped
	UPLINK_N_COUNTS
};

struct uplink_count {
	__u64 packets, bytes;
};

// Whose the program is: a process, which its number and the time of its start name. N_DENIED: entries of that list.
struct uplink_state {
	__u64 start;
	__u32 pid;
	__u32 n_denied;
};

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The packet vector, which goes from stage to stage.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_mbuf.h>

#include "weft/limits.h"

struct weft_explain;

// A set of lanes of a vector: bit i stands for packet i.
typedef uint64_t weft_lanes;

enum weft_lane_flags {
	WEFT_LANE_IPV4 = 1 << 0,
	WEFT_LANE_IPV6 = 1 << 1,
	WEFT_LANE_ARP = 1 << 2,
	WEFT_LANE_FRAGMENT = 1 << 3,	   // any fragment of a datagram
	WEFT_LANE_LATER_FRAGMENT = 1 << 4, // not the first: no L4 header here
	WEFT_LANE_L4 = 1 << 5,		   // l4_off is valid
	WEFT_LANE_PORTS = 1 << 6,	   // the L4 header begins with ports: TCP, UDP, SCTP
	WEFT_LANE_SNAP = 1 << 7,	   // the ethertype stands in an LLC/SNAP header, behind the frame's length
};

#define WEFT_ETHERTYPE_MIN 0x600 // IEEE 802.3, 3.2.6

// The parser's findings about one packet. Later stages trust nothing else about its headers.
struct weft_lane {
	uint64_t src;	    // source MAC in the low 48 bits; from the vlan stage on, the domain in the high 16
	uint64_t dst;	    // destination MAC, likewise
	uint16_t in;	    // port that it came from
	uint16_t out;	    // port that it goes to; written by forward
	uint16_t domain;    // broadcast domain; written by vlan
	uint16_t ethertype; // behind the tags, host order; below WEFT_ETHERTYPE_MIN: the length of an LLC frame
	uint16_t tci;	    // control information of the tag that counts, host order; valid when n_tags > 0
	uint16_t tpid;	    // its protocol, likewise
	uint16_t l3_off;    // from the start of the frame
	uint16_t l4_off;
	uint8_t n_tags;	     // tags in the frame: 0, 1 or 2
	uint8_t skipped;     // tags before the one that counts: they have VLAN 0, which is a priority only
	uint8_t strip;	     // how many outer tags named the domain and are not payload; written by vlan
	uint8_t proto;	     // IP protocol of the last header walked
	uint8_t flags;	     // enum weft_lane_flags
	uint8_t frag_proto;  // a fragment: what its datagram begins with, which for IPv6 may be an extension header,
	uint32_t frag_id;    // its identification,
	uint16_t frag_off;   // its offset in the datagram, in bytes,
	uint16_t frag_len;   // and its bytes
	uint16_t l4_len;     // bytes from l4_off to the end of the IP datagram, or of this fragment
	uint16_t outer;	     // bytes of the tunnel's headers, which have been removed; 0: it came through no tunnel
	uint32_t vni;	     // number of the network in the tunnel; valid when outer > 0
	uint8_t tunnel;	     // enum weft_tunnel; valid when outer > 0
	uint8_t priority;    // PCP and DEI of the VLAN tag that the frame gets; written by vlan
	uint8_t stamped;     // the frame came through a tunnel from a host of the cluster, which names
	uint32_t generation; // the generation by which it has judged the frame
} __rte_cache_aligned;

static_assert(sizeof(struct weft_lane) == 64, "a lane is one cache line");

// Whether a tag names a VLAN. A tag with VLAN 0 is a priority only (IEEE 802.1Q, 6.9).
static inline bool
weft_lane_is_tagged(const struct weft_lane *lane)
{
	return lane->n_tags && lane->tci & 0xfff;
}

struct weft_vec {
	uint16_t n;		      // lanes in use
	bool dry_run;		      // stages decide and record, but change nothing
	uint16_t elsewhere;	      // dry run: the other worker that has the packet's connection
	struct weft_explain *explain; // NULL, or where to record decisions
	uint64_t now;		      // TSC when the vector was read
	weft_lanes flood;	      // lanes to be flooded in their domain; written by forward
	weft_lanes passed;	      // lanes that another worker passed here to be judged
	weft_lanes before;	      // lanes that the generation before judges; written by vlan
	weft_lanes next;	      // lanes that the next generation judges; written by vlan
	struct rte_mbuf *pkts[WEFT_VEC_SIZE];
	struct weft_lane lanes[WEFT_VEC_SIZE];
};

// Iterates over the set lanes of MASK, lowest first: WEFT_FOREACH_LANE(i, mask) { ... }
#define WEFT_FOREACH_LANE(i, mask)                                                                                     \
	for (weft_lanes left_##i = (mask), i = 0; left_##i && (i = (weft_lanes)__builtin_ctzll(left_##i), 1);          \
		left_##i &= left_##i - 1)

static inline weft_lanes
weft_lanes_all(unsigned int n)
{
	return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Networks across hosts: VXLAN (RFC 7348) and Geneve (RFC 8926) over UDP and IPv4. Another host is a port like others,
// without a device: what goes to it is put into a tunnel and leaves by the uplink, what comes from it is taken out
// and goes on as if it came from that port.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "weft/mactab.h"

#define WEFT_VXLAN_PORT	 4789
#define WEFT_GENEVE_PORT 6081

// Ethernet, IPv4, UDP, and eight bytes of VXLAN or of Geneve without options.
#define WEFT_TUNNEL_OVERHEAD 50

struct weft_worker;

enum weft_tunnel { WEFT_TUNNEL_NONE, WEFT_TUNNEL_VXLAN, WEFT_TUNNEL_GENEVE };

// An uplink at which tunnels end: part of its port.
struct weft_underlay {
	rte_be32_t address; // of this host
	uint32_t n_peers;
	uint16_t peer[]; // slots of the other hosts, those with the same next hop side by side
};

// Another host: part of its port.
struct weft_peer {
	rte_be32_t address;
	rte_be32_t hop;	 // the address on the uplink's link to which packets for it are sent; 0: there is none
	uint16_t uplink; // slot
	uint32_t sum;	 // of the IPv4 header, but for its length and traffic class
	uint8_t header[WEFT_TUNNEL_OVERHEAD - 8]; // Ethernet, IPv4 and UDP, but for what a packet decides
};

// What every worker knows of a peer's next hop. Written by the uplink's owner, or by any where all have a queue.
struct weft_neighbour {
	_Atomic uint64_t mac;	// 0: not known
	_Atomic rte_be32_t hop; // whose it is: the peer may have got another next hop, or the slot another peer
	_Atomic uint32_t heard; // seconds on the engine's clock
};

// Keys of the table of configured addresses that are none: in domain 0, where no frame is.
static inline uint64_t
weft_tunnel_key(enum weft_tunnel tunnel, uint32_t vni, uint16_t vid)
{
	return UINT64_C(1) << 47 | (uint64_t)tunnel << 40 | (uint64_t)vid << 24 | vni;
}

static inline uint64_t
weft_peer_key(rte_be32_t address)
{
	return UINT64_C(1) << 46 | address;
}

// And in a domain, where a MAC of one station has no such bit: who has an IPv4 address there. Its MAC stands in the
// entry's GEN and SEEN.
static inline uint64_t
weft_arp_key(uint16_t domain, rte_be32_t address)
{
	return weft_mac_key(domain, UINT64_C(1) << 40 | address);
}

static inline uint64_t
weft_arp_mac(const struct weft_mac_entry *entry)
{
	return (uint64_t)entry->gen << 32 | entry->seen;
}

// What stands in front of a frame in a tunnel.
struct weft_outer {
	enum weft_tunnel tunnel;
	uint32_t vni;
	uint16_t size; // of the header behind UDP's
};

// Reads the header at P, of which LEN bytes are there, for the UDP port PORT, host order. Returns -1, or the reason to
// drop it. Any thread.
int weft_outer_parse(const uint8_t *p, uint32_t len, uint16_t port, struct weft_outer *outer);

// Writes the 8 bytes of the header for VNI to P. Any thread.
void weft_outer_write(uint8_t *p, enum weft_tunnel tunnel, uint32_t vni);

// Fills in HEADER and SUM of PEER from its ADDRESS, and LOCAL. Control thread.
void weft_peer_init(struct weft_peer *peer, rte_be32_t local);

// Worker, once a second: asks for next hops that are not known, or have not been heard of for long.
void weft_underlay_sweep(struct weft_worker *worker);

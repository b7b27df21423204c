// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Networks across hosts: VXLAN (RFC 7348) and Geneve (RFC 8926) over UDP and IP. Another host is a port without a
// device: frames to it are encapsulated and leave by the uplink; frames from it are decapsulated and come from that
// port.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "weft/mactab.h"

#define WEFT_VXLAN_PORT	 4789
#define WEFT_GENEVE_PORT 6081

// Bytes in front of a frame in a tunnel: Ethernet, IP and UDP, then the header of VXLAN or Geneve, and with Geneve
// between hosts of a cluster the stamp.
#define WEFT_OUTER_IPV4	 42
#define WEFT_OUTER_IPV6	 62
#define WEFT_TUNNEL_BASE 8
#define WEFT_STAMP_SIZE	 12

struct weft_worker;

enum weft_tunnel { WEFT_TUNNEL_NONE, WEFT_TUNNEL_VXLAN, WEFT_TUNNEL_GENEVE };

// An IP address of either version in network order; IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). All zero: none.
struct weft_ip {
	uint64_t word[2];
};

static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "addresses are made of words");

static inline struct weft_ip
weft_ip4(rte_be32_t address)
{
	return (struct weft_ip){ { 0, (uint64_t)address << 32 | 0xffff0000u } };
}

static inline struct weft_ip
weft_ip6(const uint8_t address[16])
{
	struct weft_ip ip;

	memcpy(ip.word, address, sizeof(ip.word));
	return ip;
}

static inline bool
weft_ip_is_v4(const struct weft_ip *ip)
{
	return ip->word[0] == 0 && (uint32_t)ip->word[1] == 0xffff0000u;
}

static inline rte_be32_t
weft_ip_v4(const struct weft_ip *ip)
{
	return (rte_be32_t)(ip->word[1] >> 32);
}

static inline bool
weft_ip_is_none(const struct weft_ip *ip)
{
	return !(ip->word[0] | ip->word[1]);
}

static inline bool
weft_ip_same(const struct weft_ip *a, const struct weft_ip *b)
{
	return ((a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1])) == 0;
}

// A hash of IP, which is 0 only for none. For an IPv4 address it is the address itself.
static inline uint64_t
weft_ip_number(const struct weft_ip *ip)
{
	uint64_t h;

	if (weft_ip_is_v4(ip) || weft_ip_is_none(ip))
		return ip->word[1] >> 32;
	h = (ip->word[0] ^ UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 32 ^ ip->word[1]) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (h ^ h >> 29) | 1;
}

// How hosts watch each other (RFC 5880): the interval at which a host wants to send and to receive control packets,
// and how many of them may be missing.
struct weft_bfd_conf {
	uint32_t interval_us;
	uint8_t multiplier;
};

// The end of tunnels on an uplink: part of the uplink's port.
struct weft_underlay {
	struct weft_ip address; // of this host
	bool zero_checksum;	// IPv6 datagrams without a checksum are accepted (RFC 6936)
	struct weft_bfd_conf bfd;
	uint32_t n_peers;
	uint16_t peer[]; // slots of the other hosts; hosts with the same next hop are neighbours in the array
};

// Another host: part of its port.
struct weft_peer {
	struct weft_ip address;
	struct weft_ip hop; // the next hop to it on the uplink's link; none: there is no route
	uint32_t hop_number;
	uint16_t uplink; // slot
	bool v6;
	bool checksum;			 // UDP datagrams get a checksum
	bool bfd;			 // BFD watches it
	uint8_t size;			 // bytes of HEADER in use
	uint32_t sum;			 // checksum of the IPv4 header without its length and traffic class
	uint8_t header[WEFT_OUTER_IPV6]; // Ethernet, IP and UDP, without the fields that differ by packet
};

// The next hop to a peer, which all workers read. The owner of the uplink writes it, or any worker if all have a
// queue of the uplink; the control thread writes it if the kernel knows the next hop.
struct weft_neighbour {
	_Atomic uint64_t mac; // 0: not known
	_Atomic uint32_t hop; // hash of the hop's address: the peer may have got another hop, or the slot another peer
	_Atomic uint32_t heard; // seconds on the engine's clock
};

// The key of a network in tunnels, in the table of configured addresses. This key and the next one are not addresses:
// they are in domain 0, which has no frames.
static inline uint64_t
weft_tunnel_key(enum weft_tunnel tunnel, uint32_t vni, uint16_t vid)
{
	return UINT64_C(1) << 47 | (uint64_t)tunnel << 40 | (uint64_t)vid << 24 | vni;
}

// The key of a peer's address. It has a hash of the address only; the port of the entry has the whole address.
static inline uint64_t
weft_peer_key(const struct weft_ip *address)
{
	return UINT64_C(1) << 46 | (weft_ip_number(address) & ((UINT64_C(1) << 46) - 1));
}

// The key of an IP address in a domain. The group bit distinguishes it from the MAC address of a station. Its entry has
// the port that owns the address, and the port's MAC address in GEN and SEEN.
static inline uint64_t
weft_owner_key(uint16_t domain, const struct weft_ip *address)
{
	const uint64_t group = UINT64_C(1) << 40, v6 = UINT64_C(1) << 47;
	uint64_t number = weft_ip_number(address);

	if (!weft_ip_is_v4(address))
		number = (number & ((UINT64_C(1) << 47) - 1)) | v6;
	return weft_mac_key(domain, number | group);
}

static inline uint64_t
weft_owner_mac(const struct weft_mac_entry *entry)
{
	return (uint64_t)entry->gen << 32 | entry->seen;
}

// The fields of a tunnel's header.
struct weft_outer {
	enum weft_tunnel tunnel;
	uint32_t vni;
	uint16_t size;	     // bytes of the header behind UDP's
	bool stamped;	     // the next two fields are valid
	uint32_t cluster;    // the sender's cluster
	uint32_t generation; // low half of the policy's generation by which the sender has judged the frame
};

// Reads the header at P, which has LEN bytes, of a datagram to the UDP port PORT (host order). Returns -1, or the drop
// reason. Any thread.
int weft_outer_parse(const uint8_t *p, uint32_t len, uint16_t port, struct weft_outer *outer);

// Writes the header for VNI to P: 8 bytes, and 12 more if STAMP, a Geneve option, is not NULL. Any thread.
void weft_outer_write(uint8_t *p, enum weft_tunnel tunnel, uint32_t vni, const uint8_t *stamp);

// Writes the Geneve option that names GENERATION of CLUSTER. Any thread.
void weft_stamp_make(uint8_t stamp[WEFT_STAMP_SIZE], uint32_t cluster, uint32_t generation);

// The sum for UDP's checksum (RFC 768, RFC 8200), folded to 16 bits and not complemented: over the LEN bytes from
// L4_OFF on, and the pseudo header of the IP header at L3_OFF. Any thread.
uint16_t weft_outer_sum(const struct rte_mbuf *m, uint32_t l3_off, uint32_t l4_off, uint32_t len);

// Fills in the header of PEER from its ADDRESS and HOP, and from LOCAL, this host's address of the same version.
// Control thread.
void weft_peer_init(struct weft_peer *peer, const struct weft_ip *local);

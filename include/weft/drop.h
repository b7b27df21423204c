// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The one list of reasons for which weft does not deliver a packet. Every drop is counted under
// exactly one of them, by worker and by the port that the packet came from.
#pragma once

// All reasons, in the order of the packet's way: the name, and its meaning for people. The prefix names the stage,
// or the place where the packet is dropped. The page drop-reasons.md is made from this list at build.
#define WEFT_DROP_REASONS(X)                                                                                           \
	X(PARSE_RUNT, "shorter than an Ethernet header")                                                               \
	X(PARSE_VLAN, "truncated VLAN tag, or more than two of them")                                                  \
	X(PARSE_LLC, "802.3 frame longer than it is, or LLC/SNAP that hides a VLAN tag")                               \
	X(PARSE_SOURCE, "source MAC is multicast or zero")                                                             \
	X(PARSE_ARP, "truncated or malformed ARP")                                                                     \
	X(PARSE_IPV4, "IPv4 header with a bad version or length")                                                      \
	X(PARSE_IPV6, "IPv6 header with a bad version or length")                                                      \
	X(PARSE_IPV6_EXT, "IPv6 extension headers truncated, or more than eight")                                      \
	X(PARSE_L4, "TCP, UDP or ICMP header truncated or lying about its length")                                     \
	X(PARSE_SPLIT, "headers do not lie in the packet's first buffer")                                              \
	X(TUNNEL_HEADER, "tunnel header truncated, or of a version or kind that does not carry frames")                \
	X(TUNNEL_OPTION, "Geneve option that is critical and not known to weft")                                       \
	X(TUNNEL_FRAGMENT, "fragment of a tunnel's packet: the underlay's MTU is too small")                           \
	X(TUNNEL_CHECKSUM, "tunnel's packet with a bad UDP checksum, or over IPv6 without one")                        \
	X(TUNNEL_PEER, "tunnel's packet from an address that belongs to no host")                                      \
	X(TUNNEL_NETWORK, "tunnel's packet for a network that is not on this host")                                    \
	X(TUNNEL_ECN, "congestion in the underlay, and the inner packet cannot carry the mark (RFC 6040)")             \
	X(BFD_MALFORMED, "BFD packet that is malformed, or from an address that belongs to no host")                   \
	X(PORT_DOWN, "the port it came from is administratively down or was removed")                                  \
	X(PORT_QUARANTINED, "the port it came from is quarantined")                                                    \
	X(PORT_FENCED, "this host lost the cluster, and the tenant's limits close its ports then")                     \
	X(PORT_STANDBY, "it came through a standby uplink")                                                            \
	X(VLAN_UNTAGGED, "untagged frame on a trunk without a native VLAN")                                            \
	X(VLAN_TAGGED, "tagged frame on an access port")                                                               \
	X(VLAN_NOT_ALLOWED, "VLAN that the trunk does not list")                                                       \
	X(GUARD_MAC, "source MAC is not the port's own")                                                               \
	X(GUARD_MAC_TAKEN, "source MAC belongs to another port")                                                       \
	X(GUARD_IPV4, "IPv4 source is not one of the port's addresses")                                                \
	X(GUARD_IPV6, "IPv6 source is not one of the port's addresses")                                                \
	X(GUARD_ARP, "ARP sender is not the port's own")                                                               \
	X(GUARD_ND, "neighbour discovery names an address that is not the port's own")                                 \
	X(GUARD_ROUTER, "router advertisement or redirect from a port without the role router")                        \
	X(GUARD_QUERIER, "IGMP or MLD query from a port without the role querier")                                     \
	X(GUARD_DHCP, "DHCP server's message from a port without the role dhcp-server")                                \
	X(FWD_UNKNOWN, "destination MAC unknown in a network that does not flood")                                     \
	X(FWD_SAME_PORT, "destination is behind the port that it came from")                                           \
	X(FWD_RESERVED, "link-local control frame (01:80:c2:00:00:0x), never forwarded")                               \
	X(FWD_TUNNEL, "came from another host, and its destination is not on this one")                                \
	X(FW_ETHERTYPE, "neither IPv4, IPv6 nor ARP, and no rule allows its ethertype")                                \
	X(FW_EGRESS, "denied by the sender's rules, or by its default action if none matches")                         \
	X(FW_INGRESS, "denied by the receiver's rules, or by its default action if none matches")                      \
	X(FW_STATE, "belongs to no connection, and cannot open one")                                                   \
	X(FW_TCP_FLAGS, "TCP flags that no connection has")                                                            \
	X(FW_TCP_WINDOW, "TCP segment outside of its connection's windows")                                            \
	X(FW_REVOKED, "its connection is not allowed any more")                                                        \
	X(FW_ICMP_ERROR, "ICMP error about a packet of no known connection")                                           \
	X(FW_FRAGMENT_STRAY, "fragment of a datagram whose first fragment has not passed")                             \
	X(FW_FRAGMENT_OVERLAP, "fragment that overlaps its datagram's first fragment")                                 \
	X(FW_FRAGMENT_FULL, "too many fragmented datagrams, of the port or of all")                                    \
	X(FW_PORT_SESSIONS, "the port has the most connections that its limit allows")                                 \
	X(FW_PORT_HALF_OPEN, "the port has the most connections without an answer that its limit allows")              \
	X(FW_PORT_RATE, "the port opens more connections a second than its limit allows")                              \
	X(FW_TABLE_FULL, "the worker's table of connections is full")                                                  \
	X(FW_ISOLATED, "new connection, which the tenant's limits forbid on a host that lost the cluster")             \
	X(FW_MOVING, "its connection's port is changing its worker")                                                   \
	X(FLOOD_BROADCAST, "over the port's broadcast rate limit")                                                     \
	X(FLOOD_MULTICAST, "over the port's multicast rate limit")                                                     \
	X(FLOOD_UNKNOWN, "over the port's unknown-unicast rate limit")                                                 \
	X(FLOOD_ARP, "over the port's rate limit for ARP and neighbour solicitations")                                 \
	X(FLOOD_EMPTY, "no other port in its VLAN")                                                                    \
	X(FLOOD_NO_MBUF, "no memory for a flooded copy")                                                               \
	X(OUT_PORT_DOWN, "destination port is administratively down")                                                  \
	X(OUT_PORT_QUARANTINED, "destination port is quarantined")                                                     \
	X(OUT_PORT_FENCED, "this host lost the cluster, and the destination tenant's limits close its ports then")     \
	X(OUT_PORT_STANDBY, "destination is a standby uplink")                                                         \
	X(OUT_PORT_GONE, "destination port was removed while the packet was on its way")                               \
	X(OUT_PORT_MOVING, "too many packets wait for a port to change its worker")                                    \
	X(OUT_TAGGED, "a guest's own tag would name another VLAN at the destination, which is no QinQ port")           \
	X(OUT_MTU, "larger than the destination port's MTU")                                                           \
	X(OUT_NO_ROOM, "no room in the packet for a VLAN tag")                                                         \
	X(OUT_NO_NEIGHBOUR, "the next hop to the other host is not known, or does not answer")                         \
	X(OUT_LINK_DOWN, "destination's guest or device is not connected")                                             \
	X(OUT_RING_FULL, "destination's ring is full")                                                                 \
	X(OUT_PLAN, "the queue of the destination's plan is full")                                                     \
	X(HANDOFF_FULL, "the ring to the destination port's worker is full")

enum weft_drop_reason {
#define X(name, text) WEFT_DROP_##name,
	WEFT_DROP_REASONS(X)
#undef X
		WEFT_N_DROPS
};

// The reason's stable name in lower case ("parse_runt"), as tools and metrics show it.
const char *weft_drop_name(enum weft_drop_reason reason);

// The reason in words, for people.
const char *weft_drop_text(enum weft_drop_reason reason);

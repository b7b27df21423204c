// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The policy as the workers see it. The control thread compiles it; once published it does not change.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "weft/limits.h"
#include "weft/mactab.h"
#include "weft/plan.h"
#include "weft/packet_rate.h"
#include "weft/rules.h"
#include "weft/tunnel.h"

#define WEFT_OWNER_NONE UINT16_MAX
// Every worker has a queue of its own (uplinks with enough queues).
#define WEFT_OWNER_EACH (UINT16_MAX - 1)

struct weft_prefix4 {
	rte_be32_t addr;
	rte_be32_t mask;
};

struct weft_prefix6 {
	uint8_t addr[16];
	uint8_t mask[16];
};

enum weft_flood_class {
	WEFT_FLOOD_BROADCAST,
	WEFT_FLOOD_MULTICAST,
	WEFT_FLOOD_UNKNOWN,
	WEFT_FLOOD_ARP, // and neighbour solicitations
	WEFT_N_FLOOD_CLASSES
};

enum weft_guard {
	WEFT_GUARD_MAC = 1 << 0,      // the port names its MAC
	WEFT_GUARD_IP = 1 << 1,	      // the port names its addresses
	WEFT_GUARD_FORWARDS = 1 << 2, // but may send packets of others, as a router does
	WEFT_GUARD_ROLES = 1 << 3,    // it lacks a role
	WEFT_GUARD_OWNERS = 1 << 4,   // it names no addresses, and may use those that no other port names
};

// What only some ports of a network may do.
enum weft_role {
	WEFT_ROLE_ROUTER = 1 << 0,	// send router advertisements and redirects, and others' addresses
	WEFT_ROLE_QUERIER = 1 << 1,	// ask for multicast groups
	WEFT_ROLE_DHCP_SERVER = 1 << 2, // give addresses
	WEFT_ROLES = 7
};

// How a domain's frames are tagged on a port.
enum weft_tagging {
	WEFT_TAG_ACCESS, // never tagged; tagged frames are dropped
	WEFT_TAG_TRUNK,	 // with the domain's VLAN; the native domain is not tagged
	WEFT_TAG_UPLINK, // with the network's VLAN on uplinks
	WEFT_TAG_QINQ,	 // never tagged; a frame's own tags are payload
	WEFT_TAG_PEER,	 // another host: in a tunnel with the network's number, with the domain's VLAN inside
};

// Why a port is closed, in the order of the drop reasons from PORT_DOWN on, and from OUT_PORT_DOWN on.
enum weft_closed { WEFT_CLOSED_DOWN, WEFT_CLOSED_QUARANTINED, WEFT_CLOSED_FENCED, WEFT_CLOSED_STANDBY };

struct weft_port_conf {
	uint16_t gen;	 // generation: changes when the slot gets another port; 0: the slot is free
	uint16_t owner;	 // worker that serves the port, or WEFT_OWNER_*
	uint16_t native; // domain of untagged frames; 0: they are dropped
	uint16_t tpid;	 // protocol of tags on this port, host order
	uint16_t mtu;	 // bytes of L3 payload
	uint8_t tagging; // enum weft_tagging
	uint8_t guard;	 // set of enum weft_guard
	uint8_t lacks;	 // set of enum weft_role that it does not have; 0 also where nobody checks: see compile_roles()
	bool up;
	bool fence_all;	 // while this host has lost its cluster, the port is closed,
	bool fence_new;	 // or takes no new connections
	uint8_t closed;	 // enum weft_closed: why the port is closed, if it is
	uint8_t mark;	 // DSCP + 1 of the packets that it sends; 0: the VM's own marks stay
	uint16_t bucket; // of its tenant's limit; 0: none
	uint8_t n_ip4;
	uint8_t n_ip6;
	uint32_t epoch; // version, its low half, of the snapshot in which the rules for its connections last changed
	uint64_t mac;	// 0: the port names none
	// The rules at this end. NULL: there are none: an uplink, or a network without a firewall.
	const struct weft_policy *policy;
	// [4096]: domain of a tagged frame; 0: the frame is dropped. NULL: all tagged frames are dropped. For another
	// host: the domains that have members there, in no order.
	const uint16_t *vid_domain;
	const struct weft_underlay *underlay; // of an uplink at which tunnels end, or NULL
	const struct weft_peer *peer;	      // of another host, or NULL
	const struct weft_port_plan *plan;    // NULL: no limits
	const struct weft_prefix4 *ip4;
	const struct weft_prefix6 *ip6;
	struct weft_rate flood[WEFT_N_FLOOD_CLASSES];
	struct weft_rate new_sessions; // rate of connections that it may open
	uint32_t max_sessions;	       // connections, and those without an answer; 0: a share of the worker's table
	uint32_t max_half;
	uint32_t max_frags; // fragmented datagrams at a time; 0: 256
	uint32_t max_macs;  // addresses that may be learned behind it
	const char *name;   // "tenant/port", for explain
} __rte_cache_aligned;

struct weft_domain {
	uint16_t vid;		// VLAN inside the network, 0: untagged
	uint16_t uplink_vid;	// VLAN on uplinks, 0: untagged
	uint8_t tunnel;		// enum weft_tunnel: encapsulation towards other hosts
	uint32_t vni;		// number of the network in tunnels
	bool learning;		// learn sources, flood unknown destinations
	bool snooping;		// multicast goes to the ports that joined its group
	bool liberal;		// TCP windows are not checked
	bool pickup;		// connections may be picked up in the middle
	bool firewall;		// its ports' rules apply
	bool non_ip;		// frames that are neither IP nor ARP pass the firewall
	uint8_t link_protocols; // set of enum weft_link_protocol whose frames are forwarded
	uint16_t mtu;		// of the network, in tunnels
	uint16_t gateway;	// port that gets unknown destinations if nothing is learned; WEFT_PORT_NONE: none does
	uint32_t changed;	// generation, its low half, in which something about the network last changed
	uint32_t network;	// number of the network in the address map
	uint32_t epoch;		// version, its low half, of the snapshot in which an address last changed its port
	uint32_t n_ports;
	const uint16_t *ports; // members, for flooding
	const char *name;      // "tenant/network" or "tenant/network.vid", for explain
};

// Ports and domains lie in pages. Snapshots share a page as long as nothing on it changes.
#define WEFT_PAGE	  64
#define WEFT_PORT_PAGES	  (WEFT_MAX_PORTS / WEFT_PAGE)
#define WEFT_DOMAIN_PAGES ((WEFT_MAX_DOMAINS + 1) / WEFT_PAGE)

struct weft_port_page {
	struct weft_port_conf port[WEFT_PAGE];
};

struct weft_domain_page {
	struct weft_domain domain[WEFT_PAGE];
};

// The empty pages. Snapshots point to them; nobody writes to them.
extern struct weft_port_page weft_no_ports;
extern struct weft_domain_page weft_no_domains;

struct weft_snapshot {
	uint64_t version;	// counts up; never 0
	uint64_t generation;	// of the policy
	struct weft_macs *macs; // the control thread's: owner of the buckets of STATIC_MACS
	struct weft_mactab static_macs;
	uint16_t uplink;    // the uplink in use; WEFT_PORT_NONE: there is none
	uint16_t underlay;  // the uplink that tunnels use; WEFT_PORT_NONE: there are no tunnels
	bool uplink_shared; // the uplink in use has a rate, which ports share
	bool marks;	    // some port has a mark, or had one
	uint32_t cluster;   // the cluster whose generations these are, for stamps; 0: this host is in none
	uint8_t stamp[WEFT_STAMP_SIZE];
	struct weft_members *members; // the control thread's: owner of the entries of ADDRS
	struct weft_addrmap addrs;
	uint64_t
		port_version[WEFT_PORT_PAGES]; // of the snapshot that a page was made for: workers skip pages they know
	struct weft_port_page *port_page[WEFT_PORT_PAGES];
	struct weft_domain_page *domain_page[WEFT_DOMAIN_PAGES];
};

// Makes all pages of SNAP the empty ones. Control thread.
void weft_snapshot_blank(struct weft_snapshot *snap);

// The port in SLOT; a free slot has generation 0. Any thread.
static inline const struct weft_port_conf *
weft_snapshot_slot(const struct weft_snapshot *snap, uint16_t slot)
{
	return &snap->port_page[slot / WEFT_PAGE]->port[slot % WEFT_PAGE];
}

static inline const struct weft_domain *
weft_snapshot_domain(const struct weft_snapshot *snap, uint16_t id)
{
	return &snap->domain_page[id / WEFT_PAGE]->domain[id % WEFT_PAGE];
}

// The port in SLOT if its generation is GEN, else NULL. Any thread.
static inline const struct weft_port_conf *
weft_snapshot_port(const struct weft_snapshot *snap, uint16_t slot, uint16_t gen)
{
	const struct weft_port_conf *port = slot < WEFT_MAX_PORTS ? weft_snapshot_slot(snap, slot) : NULL;

	return port && port->gen == gen && gen ? port : NULL;
}

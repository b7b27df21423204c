// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The policy as the workers see it: compiled by the control thread, immutable once published.
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
	WEFT_GUARD_MAC = 1 << 0, // the port names its MAC
	WEFT_GUARD_IP = 1 << 1,	 // the port names its addresses
};

// How a domain's frames are tagged on a port.
enum weft_tagging {
	WEFT_TAG_ACCESS, // never tagged; tagged frames are refused
	WEFT_TAG_TRUNK,	 // by the domain's VLAN, but for the native one
	WEFT_TAG_UPLINK, // by the network's VLAN on the wire
	WEFT_TAG_TUNNEL, // QinQ: never tagged; a frame's own tags are payload
	WEFT_TAG_PEER,	 // another host: by the network's number, and by the domain's VLAN inside
};

// Why a port that is not open is closed; in the order of the drop reasons from PORT_DOWN and from OUT_PORT_DOWN on.
enum weft_closed { WEFT_CLOSED_DOWN, WEFT_CLOSED_QUARANTINED, WEFT_CLOSED_FENCED, WEFT_CLOSED_STANDBY };

struct weft_port_conf {
	uint16_t gen;	 // changes when the slot's port does; 0: no port here
	uint16_t owner;	 // worker, or WEFT_OWNER_*
	uint16_t native; // domain of untagged frames; 0: refused
	uint16_t tpid;	 // of tags on this port, host order
	uint16_t mtu;	 // of the L3 payload
	uint8_t tagging; // enum weft_tagging
	uint8_t guard;	 // set of enum weft_guard
	bool up;
	bool fence_all;	 // closed while this host has lost the cluster,
	bool fence_new;	 // or open to no new connections
	uint8_t closed;	 // enum weft_closed, where it is not open
	uint8_t mark;	 // DSCP of what it sends, and 1; 0: as the VM marks
	uint16_t bucket; // its tenant's limit; 0: none
	uint8_t n_ip4;
	uint8_t n_ip6;
	uint32_t epoch; // version, its low half, of the snapshot since which its connections are judged as now
	uint64_t mac;	// 0: not named
	const struct weft_policy
		*policy;	    // NULL: nothing is judged at this end (an uplink, or a network without firewall)
	const uint16_t *vid_domain; // [4096]: domain of a tagged frame, 0: refused; NULL: all refused. Another host:
				    // the domains that have members there, in no order
	const struct weft_underlay *underlay; // of an uplink at which tunnels end, or NULL
	const struct weft_peer *peer;	      // of another host, or NULL
	const struct weft_port_plan *plan;    // NULL: no limits
	const struct weft_prefix4 *ip4;
	const struct weft_prefix6 *ip6;
	struct weft_rate flood[WEFT_N_FLOOD_CLASSES];
	struct weft_rate new_sessions; // connections that it may open
	uint32_t max_sessions;	       // connections, and of those not answered yet; 0: a share of the worker's table
	uint32_t max_half;
	uint32_t max_frags; // datagrams of which fragments may come; 0: 256
	uint32_t max_macs;  // addresses that may be learned behind it
	const char *name;   // "tenant/port", for explain
} __rte_cache_aligned;

struct weft_domain {
	uint16_t vid;	     // VLAN inside the network, 0: untagged
	uint16_t uplink_vid; // VLAN on uplinks, 0: untagged
	uint8_t tunnel;	     // enum weft_tunnel: how it reaches other hosts
	uint32_t vni;	     // its network's number there
	bool learning;	     // learn sources, flood unknown destinations
	bool snooping;	     // multicast goes to those who asked for it
	bool liberal;	     // TCP windows are not checked
	bool pickup;	     // connections may be picked up in the middle
	uint16_t mtu;	     // of the network, in tunnels
	uint16_t gateway;    // port that has what is not known, where nothing is learned; WEFT_PORT_NONE: nobody has
	uint32_t changed;    // generation, its low half, in which something about the network last changed
	uint32_t network;    // its number in the address map; 0: no firewall
	uint32_t epoch; // version, its low half, of the snapshot since which the network's addresses are whose they are
	uint32_t n_ports;
	const uint16_t *ports; // members, for flooding
	const char *name;      // "tenant/network" or "tenant/network.vid", for explain
};

// Ports and domains stand in pages, which snapshots share as long as nothing on a page changes.
#define WEFT_PAGE	  64
#define WEFT_PORT_PAGES	  (WEFT_MAX_PORTS / WEFT_PAGE)
#define WEFT_DOMAIN_PAGES ((WEFT_MAX_DOMAINS + 1) / WEFT_PAGE)

struct weft_port_page {
	struct weft_port_conf port[WEFT_PAGE];
};

struct weft_domain_page {
	struct weft_domain domain[WEFT_PAGE];
};

// Pages on which nothing is; snapshots point to them, and nobody writes to them.
extern struct weft_port_page weft_no_ports;
extern struct weft_domain_page weft_no_domains;

struct weft_snapshot {
	uint64_t version;	// counts up; never 0
	uint64_t generation;	// of the policy, see control/
	struct weft_macs *macs; // control's own: whose STATIC_MACS are
	struct weft_mactab static_macs;
	uint16_t uplink;   // in use, of all of the host's; WEFT_PORT_NONE: there is none
	uint16_t underlay; // the uplink by which tunnels leave; WEFT_PORT_NONE: there are none
	bool link;	   // what is sent to the uplink in use is shared out among ports: it has a rate
	bool marks;	   // some port has a mark, or had
	uint32_t cluster;  // whose generations these are, for stamps; 0: nobody else's
	uint8_t stamp[WEFT_STAMP_SIZE];
	struct weft_members *members; // control's own: whose ADDRS are
	struct weft_addrmap addrs;
	uint64_t port_version[WEFT_PORT_PAGES]; // of the snapshot that a page was made for: workers look at newer ones
						// only
	struct weft_port_page *port_page[WEFT_PORT_PAGES];
	struct weft_domain_page *domain_page[WEFT_DOMAIN_PAGES];
};

// Makes all pages of SNAP the empty ones.
void weft_snapshot_blank(struct weft_snapshot *snap);

// What SLOT holds; a free slot has generation 0.
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

// The port in SLOT, or NULL where there is none or it is another than GEN.
static inline const struct weft_port_conf *
weft_snapshot_port(const struct weft_snapshot *snap, uint16_t slot, uint16_t gen)
{
	const struct weft_port_conf *port = slot < WEFT_MAX_PORTS ? weft_snapshot_slot(snap, slot) : NULL;

	return port && port->gen == gen && gen ? port : NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The policy as the workers see it: compiled by the control thread, immutable once published.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "weft/limits.h"
#include "weft/mactab.h"

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

enum weft_flood_class { WEFT_FLOOD_BROADCAST, WEFT_FLOOD_MULTICAST, WEFT_FLOOD_UNKNOWN, WEFT_N_FLOOD_CLASSES };

// A rate in TSC cycles: COST of one packet, and the BURST that may be saved up. Cost 0: no limit.
struct weft_rate {
	uint64_t cost;
	uint64_t burst;
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
};

struct weft_port_conf {
	uint16_t gen;	 // changes when the slot's port does; 0: no port here
	uint16_t owner;	 // worker, or WEFT_OWNER_*
	uint16_t native; // domain of untagged frames; 0: refused
	uint16_t tpid;	 // of tags on this port, host order
	uint16_t mtu;	 // of the L3 payload
	uint8_t tagging; // enum weft_tagging
	uint8_t guard;	 // set of enum weft_guard
	bool up;
	uint8_t n_ip4;
	uint8_t n_ip6;
	uint32_t max_macs;	    // addresses that may be learned behind it
	uint64_t mac;		    // 0: not named
	const uint16_t *vid_domain; // [4096]: domain of a tagged frame, 0: refused; NULL: all refused
	const struct weft_prefix4 *ip4;
	const struct weft_prefix6 *ip6;
	struct weft_rate flood[WEFT_N_FLOOD_CLASSES];
	const char *name; // "tenant/port", for explain
} __rte_cache_aligned;

struct weft_domain {
	uint16_t vid;	     // VLAN inside the network, 0: untagged
	uint16_t uplink_vid; // VLAN on uplinks, 0: untagged
	bool learning;	     // learn sources, flood unknown destinations
	uint32_t n_ports;
	const uint16_t *ports; // members, for flooding
	const char *name;      // "tenant/network" or "tenant/network.vid", for explain
};

struct weft_snapshot {
	uint64_t version;   // counts up; never 0
	uint32_t n_ports;   // slots in PORTS
	uint32_t n_domains; // entries in DOMAINS, the unused 0 among them
	struct weft_port_conf *ports;
	struct weft_domain *domains;
	struct weft_mactab static_macs;
};

// The port in SLOT, or NULL where there is none or it is another than GEN.
static inline const struct weft_port_conf *
weft_snapshot_port(const struct weft_snapshot *snap, uint16_t slot, uint16_t gen)
{
	const struct weft_port_conf *port = slot < snap->n_ports ? &snap->ports[slot] : NULL;

	return port && port->gen == gen && gen ? port : NULL;
}

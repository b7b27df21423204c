// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port of the switch.
#pragma once

#include "weft/portio.h"

#include "kind_network.h"
#include "parse.h"

#define WEFT_MAX_GROUPS 16 // of one port

// The VLANs of a trunk.
struct weft_vlan_set {
	uint64_t bits[WEFT_N_VLANS / 64];
	bool given;
};

enum weft_port_state { WEFT_PORT_UP, WEFT_PORT_DOWN, WEFT_PORT_QUARANTINED };

#define WEFT_VLAN_UNSET UINT16_MAX

// The port has no device of its own: it is a VLAN on the host's uplink.
#define WEFT_ATTACH_GATEWAY WEFT_N_ATTACH_TYPES

// The port is a VF. Either weft polls it as an Ethernet device, or a VM drives it: then none of its packets pass
// through weft.
#define WEFT_ATTACH_VF (WEFT_N_ATTACH_TYPES + 1)
#define WEFT_VF_UNSET  UINT16_MAX

enum weft_vf_use { WEFT_VF_POLLED, WEFT_VF_PASSTHROUGH };
enum weft_vf_enforce { WEFT_VF_STRICT, WEFT_VF_LENIENT };

struct weft_port {
	struct weft_object o;
	char network[WEFT_NAME_SIZE]; // of the same tenant; empty: an uplink of all VLAN networks
	char vm[WEFT_NAME_SIZE];
	char host[WEFT_NAME_SIZE]; // empty: not bound to a host; without a cluster the port is on the only host
	char plan[WEFT_NAME_SIZE];
	uint64_t rate;		 // of an uplink, in bits per second; 0: not given
	struct weft_list groups; // of char[WEFT_NAME_SIZE]
	uint64_t mac;		 // 0: not given
	struct weft_ips ips;
	uint8_t may; // set of enum weft_role
	struct {
		uint16_t access; // WEFT_VLAN_UNSET: not given; the next two likewise
		uint16_t native;
		uint16_t qinq;
		int tpid; // 0: 802.1q, 1: 802.1ad
		struct weft_vlan_set trunk;
	} vlan;
	struct {
		int type; // enum weft_attach_type, WEFT_ATTACH_GATEWAY or WEFT_ATTACH_VF
		int mode; // 0: client, 1: server
		char path[512];
		char device[256];
		uint16_t queues; // 0: as many as the guest wants, up to WEFT_MAX_QUEUE_PAIRS
		uint16_t vlan;	 // of a gateway
		bool share;	 // the interface is shared with the kernel
		char pf[32];	 // of a VF
		uint16_t index;	 // in its PF; WEFT_VF_UNSET: not given
		int use;	 // enum weft_vf_use
		int enforce;	 // enum weft_vf_enforce
	} attach;
	struct {
		uint32_t rate[WEFT_N_FLOOD_CLASSES]; // packets per second, 0: no limit
	} flood;
	uint32_t max_macs;
	int state;	 // enum weft_port_state
	uint16_t worker; // WEFT_OWNER_NONE: weft chooses it
};

extern const struct weft_kind weft_kind_port;

// Checks that JSON, which somebody wants to write as KEY, a port, has no field that only stored ports may still have.
// Returns 0, or -EINVAL with ERR.
int weft_port_check_new(const char *key, const json_t *json, struct weft_error *err);

// Writes the path of a vhost-user port's socket. VHOST_DIR is the folder of sockets whose ports name no path.
void weft_port_socket(const struct weft_port *port, const char *vhost_dir, char *path, size_t size);

// Whether a DPDK device is opened for the port.
static inline bool
weft_port_has_device(const struct weft_port *port)
{
	return port->attach.type == WEFT_ATTACH_ETH ||
	       (port->attach.type == WEFT_ATTACH_VF && port->attach.use == WEFT_VF_POLLED);
}

// Whether a VM drives the port's VF itself.
static inline bool
weft_port_is_passed_through(const struct weft_port *port)
{
	return port->attach.type == WEFT_ATTACH_VF && port->attach.use == WEFT_VF_PASSTHROUGH;
}

// Whether the port is a VLAN on the host's uplink.
static inline bool
weft_port_is_gateway(const struct weft_port *port)
{
	return port->attach.type == WEFT_ATTACH_GATEWAY;
}

// Whether OBJECT is a port. False for NULL.
static inline bool
weft_is_port(const struct weft_object *object)
{
	return object && object->kind == &weft_kind_port;
}

static inline bool
weft_vlan_set_has(const struct weft_vlan_set *set, unsigned int vid)
{
	return set->bits[vid / 64] >> (vid % 64) & 1;
}

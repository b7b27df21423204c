// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The kinds of policy objects: what a network and a port are, as parsed and checked structs.
#pragma once

#include "weft/portio.h"
#include "weft/snapshot.h"

#include "field.h"

#define WEFT_NAME_SIZE 64		    // of one part of a name
#define WEFT_PATH_SIZE (2 * WEFT_NAME_SIZE) // "tenant/name"
#define WEFT_MAX_IPS   32		    // of each family
#define WEFT_N_VLANS   4096

enum weft_encap { WEFT_ENCAP_LOCAL, WEFT_ENCAP_VLAN };

struct weft_network {
	char path[WEFT_PATH_SIZE]; // "tenant/name"
	int encap;		   // enum weft_encap
	uint16_t vlan;		   // on uplinks; with encap vlan
	uint16_t mtu;
	bool learning;
};

struct weft_vlan_set {
	uint64_t bits[WEFT_N_VLANS / 64];
	bool given;
};

enum weft_port_state { WEFT_PORT_UP, WEFT_PORT_DOWN };

#define WEFT_VLAN_UNSET UINT16_MAX

struct weft_port {
	char path[WEFT_PATH_SIZE];    // "tenant/name"
	char network[WEFT_NAME_SIZE]; // of the same tenant; empty: an uplink of all VLAN networks
	char vm[WEFT_NAME_SIZE];
	uint64_t mac; // 0: not named
	struct {
		uint8_t n4, n6;
		struct weft_prefix4 v4[WEFT_MAX_IPS];
		struct weft_prefix6 v6[WEFT_MAX_IPS];
	} ips;
	struct {
		uint16_t access; // WEFT_VLAN_UNSET where not given, and so on
		uint16_t native;
		uint16_t qinq;
		int tpid; // 0: 802.1q, 1: 802.1ad
		struct weft_vlan_set trunk;
	} vlan;
	struct {
		int type; // enum weft_attach_type
		int mode; // 0: client, 1: server
		char path[512];
		char device[256];
		uint16_t queues; // 0: as many as the guest wants, up to WEFT_MAX_QUEUE_PAIRS
	} attach;
	struct {
		uint32_t rate[WEFT_N_FLOOD_CLASSES]; // packets per second, 0: no limit
	} flood;
	uint32_t max_macs;
	int state;	 // enum weft_port_state
	uint16_t worker; // WEFT_OWNER_NONE: weft places it
};

// Parse a JSON object and complete it with its defaults. PATH is "tenant/name". Return 0, or -EINVAL with
// ERR, which names the field by its path from "tenants".
int weft_network_parse(const char *path, json_t *object, struct weft_network *network, struct weft_error *err);
int weft_port_parse(const char *path, json_t *object, struct weft_port *port, struct weft_error *err);

// Whether NAME can name an object: 1-63 of a-z A-Z 0-9 . _ -, the first a letter or digit.
bool weft_name_valid(const char *name);

static inline bool
weft_vlan_set_has(const struct weft_vlan_set *set, unsigned int vid)
{
	return set->bits[vid / 64] >> (vid % 64) & 1;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A tenant's L2 network.
#pragma once

#include "object.h"

#define WEFT_N_VLANS 4096
#define WEFT_MAX_VID 4094

enum weft_encap { WEFT_ENCAP_LOCAL, WEFT_ENCAP_VLAN, WEFT_ENCAP_VXLAN, WEFT_ENCAP_GENEVE };

struct weft_network {
	struct weft_object o;
	int encap;     // enum weft_encap
	uint32_t vni;  // with encap vxlan or geneve
	uint16_t vlan; // on uplinks; with encap vlan
	uint16_t mtu;
	bool learning;
	bool snooping;
	bool firewall;
	int tcp;		  // 0: strict, 1: liberal
	bool non_ip;		  // frames that are neither IP nor ARP pass the firewall
	uint8_t link_protocols;	  // set of enum weft_link_protocol
	bool pickup;		  // connections whose start was not seen are accepted
	struct weft_list subnets; // of char[WEFT_NAME_SIZE]
};

extern const struct weft_kind weft_kind_network;

// Whether the network reaches other hosts through tunnels. False for NULL.
bool weft_network_is_tunnelled(const struct weft_network *network);

// The MTU that an uplink needs for the network: tunnels put headers in front of its frames.
uint16_t weft_network_wire_mtu(const struct weft_network *network);

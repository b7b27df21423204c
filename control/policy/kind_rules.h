// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Firewall rules: groups of ports, and the tiers that are judged before all groups.
#pragma once

#include "object.h"

#define WEFT_MAX_RULES	4000 // of one group
#define WEFT_MAX_RANGES 16   // of ports, in one rule

// A rule for frames that are neither IP nor ARP.
#define WEFT_PROTOCOL_ETHER (-2)

enum weft_direction { WEFT_DIR_IN, WEFT_DIR_OUT };

struct weft_rule {
	char name[WEFT_NAME_SIZE];
	int direction;	    // enum weft_direction
	uint32_t priority;  // the lowest is judged first
	int action;	    // enum weft_action
	int16_t protocol;   // IP protocol number; -1: any; WEFT_PROTOCOL_ETHER
	uint16_t ethertype; // with WEFT_PROTOCOL_ETHER; 0: any
	struct {
		uint8_t n; // 0: any
		struct {
			uint16_t low, high;
		} range[WEFT_MAX_RANGES];
	} ports;
	struct {
		int16_t type, code; // -1: any
	} icmp;
	struct {
		char group[WEFT_NAME_SIZE];
		char network[WEFT_NAME_SIZE];
		char cidr[WEFT_NAME_SIZE];
	} remote; // all empty: any
	bool stateless;
	bool log;
};

// A group, or a tier of a tenant or of the provider. A tier uses the rules only.
struct weft_group {
	struct weft_object o;
	struct weft_list rules; // of struct weft_rule
	int default_in;		// enum weft_action
	int default_out;
	int on_revocation;   // 0: drop, 1: reject
	bool names_networks; // at least one rule does
};

extern const struct weft_kind weft_kind_group, weft_kind_tenant_rules, weft_kind_provider_rules;

// OBJECT as a struct weft_group if it is a group or a tier, else NULL; OBJECT may be NULL.
const struct weft_group *weft_rules_of(const struct weft_object *object);

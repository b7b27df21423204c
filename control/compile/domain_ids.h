// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The numbers of broadcast domains. Control thread.
#pragma once

#include "placement.h"

// What tells one domain from another.
struct weft_domain_key {
	uint16_t vid;		      // VLAN inside the network; 0: untagged
	char network[WEFT_PATH_SIZE]; // "tenant/network"
};

// A domain that has a number.
struct weft_domain_id {
	struct weft_domain_key key;
	uint16_t id;
	UT_hash_handle hh; // of the placement, by key
};

// The number of the domain of NETWORK's VLAN VID; a new domain gets one. 0: all are in use, or no memory.
uint16_t weft_domain_id(struct weft_placement *placement, const char *network, uint16_t vid);

// The number that the domain has, or 0.
uint16_t weft_domain_id_find(const struct weft_placement *placement, const char *network, uint16_t vid);

// Makes the number ID free again; 0 is nothing. Addresses that were learned under it are dead: their port has another
// generation since.
void weft_domain_id_free(struct weft_placement *placement, uint16_t id);

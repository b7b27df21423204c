// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The numbers of broadcast domains. Control thread.
#pragma once

#include "placement.h"

// The key of a domain.
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

// Returns the number of the domain of NETWORK's VLAN VID. A domain without a number gets one. 0: all numbers are in use,
// or no memory.
uint16_t weft_domain_id(struct weft_placement *placement, const char *network, uint16_t vid);

// Returns the number of the domain, or 0 if it has none.
uint16_t weft_domain_id_find(const struct weft_placement *placement, const char *network, uint16_t vid);

// Frees the number ID; 0 is ignored. Addresses that were learned in the domain are invalid already, because their port
// has got another generation.
void weft_domain_id_free(struct weft_placement *placement, uint16_t id);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Broadcast domains of a snapshot that is being built. Only the compiler uses them. Control thread.
#pragma once

#include "draft.h"

struct domain_name {
	const struct weft_network *network;
	uint16_t vid;
};

// Updates the name and the properties of a domain, and returns its number. 0: all numbers are in use, or no memory.
uint16_t build_domain(struct weft_build *build, const struct domain_name *name);

// Returns the domain ID for changing: its page is copied if the build still shares it. NULL without memory.
struct weft_domain *build_own_domain(struct weft_build *build, uint16_t id);

// Adds the port in SLOT to the domain ID, or removes it. Return 0 or -ENOMEM.
int build_join(struct weft_build *build, uint16_t id, uint16_t slot);
int build_leave(struct weft_build *build, uint16_t id, uint16_t slot);

// Drops a snapshot's reference to PAGE.
void build_put_domain_page(struct weft_domain_page *page);

// Removes the domains that have no members now. Afterwards BUILD's list of emptied domains has these only.
void build_drop_emptied(struct weft_build *build);

// The number of a port's network, and the number of the port. 0 without memory.
uint32_t build_network_number(const struct weft_port *port);
uint32_t build_port_number(const struct weft_port *port);

// Has the connections of PORT's network judged again, because addresses in it have moved to another port.
void build_touch_network(struct weft_build *build, const struct weft_port *port);

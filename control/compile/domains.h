// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Broadcast domains of a snapshot in the making. For the compiler alone.
#pragma once

#include "draft.h"

struct domain_name {
	const struct weft_network *network;
	uint16_t vid;
};

// The number of a domain, whose name and properties are brought up to date. 0: all numbers are in use, or no memory.
uint16_t build_domain(struct weft_build *build, const struct domain_name *name);

// The domain ID as the build's own, which may be changed. NULL without memory.
struct weft_domain *build_own_domain(struct weft_build *build, uint16_t id);

// Puts the port in SLOT into the domain ID, or takes it out. Return 0 or -ENOMEM.
int build_join(struct weft_build *build, uint16_t id, uint16_t slot);
int build_leave(struct weft_build *build, uint16_t id, uint16_t slot);

// Drops a snapshot's reference to PAGE.
void build_put_domain_page(struct weft_domain_page *page);

// Takes the domains out that have no member any more, and leaves them alone in BUILD's list.
void build_drop_emptied(struct weft_build *build);

// The number of a port's network, and that of the port. 0 without memory.
uint32_t build_network_number(const struct weft_port *port);
uint32_t build_port_number(const struct weft_port *port);

// Addresses of PORT's network have become another port's: the network's connections are judged again.
void build_touch_network(struct weft_build *build, const struct weft_port *port);

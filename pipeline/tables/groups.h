// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Multicast groups and the ports that want them. All functions: owner worker.
#pragma once

#include "weft/groups.h"
#include "weft/worker.h"

// A group. NUMBER is an IPv4 group's address, or the low 32 bits of an IPv6 group's, which are in its MAC address
// too.
struct group {
	uint16_t domain;
	uint32_t number; // 0: routers, which want every group
	bool v6;
};

// Notes that the port SLOT wants GROUP, or that it does not any more, and tells the other workers.
void weft_groups_join(struct weft_worker *worker, const struct group *group, uint16_t slot);
void weft_groups_leave(struct weft_worker *worker, const struct group *group, uint16_t slot);

// Whether all ports that want GROUP are known: since its first join every station has been asked.
bool weft_groups_is_known(const struct weft_worker *worker, const struct group *group);

// Whether the port SLOT wants GROUP.
bool weft_groups_wants(const struct weft_worker *worker, const struct group *group, uint16_t slot);

// Whether a router asks for groups of that IP version in DOMAIN.
bool weft_groups_has_router(const struct weft_worker *worker, uint16_t domain, bool v6);

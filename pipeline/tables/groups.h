// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Multicast groups inside the pipeline: numbers for them, what is known of them, and what IGMP and MLD say.
#pragma once

#include "weft/groups.h"

#include "pipeline/stages/stages.h"

// A group by its number: an IPv4 group's address, or the low half of an IPv6 group's, which its MAC has too.
struct group {
	uint16_t domain;
	uint32_t number; // 0: routers, which want all groups
	bool v6;
};

// To whom a frame to many goes.
enum audience {
	AUDIENCE_ALL,
	AUDIENCE_MEMBERS, // of a group, and routers
	AUDIENCE_ROUTERS, // and other hosts
};

// What is heard of membership (groups.c): the port SLOT wants GROUP, or does not any more.
void groups_join(struct weft_worker *worker, const struct group *group, uint16_t slot);
void groups_leave(struct weft_worker *worker, const struct group *group, uint16_t slot);

// Whether all who want GROUP are known by now: its first join is long enough ago that everybody has been asked since.
bool groups_is_known(const struct weft_worker *worker, const struct group *group);

// Whether the port SLOT wants GROUP.
bool groups_wants(const struct weft_worker *worker, const struct group *group, uint16_t slot);

// Whether a router asks for groups in DOMAIN.
bool groups_has_router(const struct weft_worker *worker, uint16_t domain, bool v6);

// Learns from the frame in lane I, which goes to many, and says to whom: *GROUP is the one that is meant (snoop.c).
enum audience snoop(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, struct group *group);

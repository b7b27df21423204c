// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reads IGMP and MLD, and decides who gets a multicast.
#pragma once

#include "pipeline/tables/groups.h"
#include "weft/worker.h"

// The receivers of a frame that goes to several ports.
enum audience {
	AUDIENCE_ALL,	  // all ports of the domain
	AUDIENCE_MEMBERS, // ports that want the group, and routers
	AUDIENCE_ROUTERS, // routers, and other hosts
};

// Learns from the frame in lane I, which is to be flooded, and returns its audience; for AUDIENCE_MEMBERS *GROUP is
// the group. Owner worker.
enum audience weft_snoop(struct weft_worker *worker, const struct weft_vec *vec, unsigned int i, struct group *group);

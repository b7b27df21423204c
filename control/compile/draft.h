// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A snapshot that is being built. Only the compiler uses it. Control thread.
#pragma once

#include "weft/snapshot.h"

#include "control/base/id_list.h"

#include "placement.h"
#include "policy_cache.h"

// The table of configured addresses; several snapshots may use it.
struct weft_macs {
	unsigned int refs;
	uint32_t n;
	uint32_t room; // entries at half load
	struct weft_mactab tab;
};

struct weft_build {
	struct weft_snapshot *snap;
	struct weft_placement *placement;
	bool sealed;
	uint64_t hz;
	uint64_t domain_version[WEFT_DOMAIN_PAGES]; // the snapshot's version for pages that the build has copied
	struct weft_tiers tiers;
	const struct weft_model *members_of; // set while a port's addresses are entered
	struct weft_id_list fresh;	     // domains that have got their number in this build
	struct weft_id_list emptied; // domains whose last port has left; once the build is sealed: removed domains
	uint64_t voided[(WEFT_MAX_DOMAINS + 1) / 64]; // domains in which learned addresses are invalid
	uint64_t set[(WEFT_MAX_DOMAINS + 1) / 64];    // scratch
	uint16_t before[WEFT_N_VLANS + 1];	      // scratch: the domains of a port
	uint16_t after[WEFT_N_VLANS + 1];
};

// A domain's list of members, with its header.
struct members {
	uint32_t room;
	uint64_t version; // of the snapshot that it was made for, whose build may change it
	uint16_t port[];
};

static inline struct members *
build_members_of(const struct weft_domain *domain)
{
	return domain->ports ? (struct members *)((uintptr_t)domain->ports - offsetof(struct members, port)) : NULL;
}

// Whether the domain ID is in SET.
static inline bool
build_set_has(const uint64_t *set, uint16_t id)
{
	return set[id / 64] >> (id % 64) & 1;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A snapshot in the making, for the compiler alone.
#pragma once

#include "compile.h"
#include "policy_cache.h"

// The table of configured addresses; several snapshots may use it.
struct weft_macs {
	unsigned int refs;
	uint32_t n;
	uint32_t room; // entries at half load
	struct weft_mactab tab;
};

struct domain_name {
	const struct weft_network *network;
	uint16_t vid;
};

struct weft_build {
	struct weft_snapshot *snap;
	struct weft_placement *placement;
	bool sealed;
	uint64_t hz;
	uint64_t domain_version[WEFT_DOMAIN_PAGES]; // of pages that are the build's own
	struct weft_tiers tiers;
	const struct weft_model *members_of; // while a port's addresses are entered
	json_t *fresh;			     // domains numbered in this build: [network, vid]
	json_t *emptied; // domains whose last port has left: their numbers; sealed: [network, vid] of those that are
			 // gone
	uint64_t voided[(WEFT_MAX_DOMAINS + 1) / 64]; // domains in which what was learned holds no more
	uint64_t set[(WEFT_MAX_DOMAINS + 1) / 64];    // scratch
	uint16_t before[WEFT_N_VLANS + 1];	      // scratch: the domains of a port
	uint16_t after[WEFT_N_VLANS + 1];
};

// The number of a domain; its name and properties are brought up to date. 0: none left, or no memory.
uint16_t build_domain(struct weft_build *build, const struct domain_name *name);

// The domain ID as the build's own, to be changed. NULL without memory.
struct weft_domain *build_own_domain(struct weft_build *build, uint16_t id);

// A domain's list of members, as it lies in memory.
struct members {
	uint32_t room;
	uint64_t version; // of the snapshot that it was made for: in its build it may change
	uint16_t port[];
};

static inline struct members *
build_members_of(const struct weft_domain *domain)
{
	return domain->ports ? (struct members *)((uintptr_t)domain->ports - offsetof(struct members, port)) : NULL;
}

// The port in SLOT comes into the domain ID, or leaves it. Return 0 or -ENOMEM.
int build_join(struct weft_build *build, uint16_t id, uint16_t slot);
int build_leave(struct weft_build *build, uint16_t id, uint16_t slot);

// Gives a snapshot's reference to PAGE back.
void build_put_domain_page(struct weft_domain_page *page);

// Takes domains out that nobody stands in any more; in their place in BUILD's list stands their name.
void build_drop_emptied(struct weft_build *build);

// Enters something that is no MAC into the table of addresses. Returns 0 or -errno.
int build_enter_number(struct weft_build *build, uint64_t key, uint16_t number);

// Puts CONF into SLOT: moves the port between domains, and enters its MAC. Takes CONF's references over when it returns
// 0; else -ENOMEM.
int build_put_port(struct weft_build *build, uint16_t slot, const struct weft_port_conf *conf);

// What CONF has a share in.
void build_ref_port(const struct weft_port_conf *conf);
void build_unref_port(const struct weft_port_conf *conf);

// macs.c: the table of configured addresses in the build. Return 0 or -errno.
struct weft_macs *build_macs_new(uint32_t room);
void build_macs_unref(struct weft_macs *macs);
int build_macs_enter(struct weft_build *build, uint16_t domain, uint16_t slot, const struct weft_port_conf *conf);
int build_macs_enter_owner(
	struct weft_build *build, uint16_t domain, const struct weft_ip *address, uint16_t slot, uint64_t mac);
int build_macs_remove(struct weft_build *build, uint16_t domain, uint16_t slot, uint64_t mac);

// members.c: whose addresses are whose.
void build_members_ref(struct weft_members *members);
void build_members_unref(struct weft_members *members);

// The numbers of a port's network, and of the port, in that. 0 without memory.
uint32_t build_network_number(const struct weft_port *port);
uint32_t build_port_number(const struct weft_port *port);

// Addresses of PORT's network have become another's: its connections are judged again.
void build_touch_network(struct weft_build *build, const struct weft_port *port);

static inline bool
build_set_has(const uint64_t *set, uint16_t id)
{
	return set[id / 64] >> (id % 64) & 1;
}

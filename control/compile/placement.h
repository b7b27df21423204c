// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The place of each port of the model: whether it is on this host, its slot, its generation and its worker. Control
// thread.
#pragma once

#include "weft/engine.h"

#include "control/policy/lookup.h"

struct weft_place {
	char path[WEFT_PATH_SIZE];     // of the port; empty: the slot is free
	bool closing;		       // its port is removed, and its device is still open
	bool pinned;		       // the port names its worker
	uint16_t gen;		       // never 0 in use; changes when the port or its domains change
	uint16_t owner;		       // worker, or WEFT_OWNER_EACH
	struct weft_port_stats before; // the slot's counters when the port got it
	uint64_t load;		       // packets at the last rebalancing
	UT_hash_handle hh;	       // of the placement's index, by path
};

// A tenant's bucket in the data plane; rates are in bits per second.
struct weft_bucket {
	bool used;
	char tenant[WEFT_NAME_SIZE];
	uint64_t limit;			    // the tenant's rate, on all hosts together
	uint64_t now;			    // this host's part, as set in the data plane,
	uint64_t fenced;		    // and its part once it has lost the cluster
	struct weft_bucket_counts counts;   // at the last look
	uint64_t since;			    // TSC up to which ALLOWED counts
	double allowed;			    // bits that might have passed since the last look
	double allowed_before, used_before; // bits between the last two looks
	UT_hash_handle hh;		    // of the buckets in use, by tenant
};

struct weft_domain_id;

struct weft_placement {
	struct weft_place place[WEFT_MAX_PORTS];
	const char *host;		// this host's name
	bool alone;			// there is no cluster: ports that name no host are on this host
	uint16_t uplink;		// slot of the uplink in use, 0: none; the other uplinks are standby
	struct weft_place *index;	// slots with a port or another host, by path
	struct weft_domain_id *domains; // by key: see domain_ids.h
	struct weft_domain_id *domain[WEFT_MAX_DOMAINS + 1]; // by number; NULL: it is free
	uint16_t next_domain;
	uint16_t first_free;		  // no slot below it is free
	uint32_t owned[WEFT_MAX_WORKERS]; // ports by owner
	struct weft_bucket *buckets;	  // those in use, by tenant
	struct weft_bucket bucket[WEFT_BUCKET_UPLINK + 1];
	uint64_t looked_at; // TSC of the last look at the buckets
	uint32_t frame;	    // bytes of the longest frame of any port
};

// Whether PORT is attached on this host.
bool weft_placement_has(const struct weft_placement *placement, const struct weft_port *port);

// Calls FN with every port of MODEL that is attached on this host, in no order.
void weft_placement_each(const struct weft_placement *placement, const struct weft_model *model,
	void (*fn)(void *arg, const struct weft_port *port), void *arg);

// Whether this host can have tunnels: it has an address for them, and an uplink in use.
bool weft_placement_can_tunnel(const struct weft_placement *placement, const struct weft_model *model);

// Returns the number of the data plane's bucket for the rate of PORT's tenant; 0: the tenant has no rate; -ENOSPC: all
// buckets are in use. A tenant without a bucket gets one.
int
weft_placement_bucket(struct weft_placement *placement, const struct weft_model *model, const struct weft_port *port);

// The slot of the port PATH, or 0.
uint16_t weft_placement_find(const struct weft_placement *placement, const char *path);

// The first writes the path that stands for another host in place of a port's. The second returns the host's slot, or 0.
void weft_placement_host_path(const char *host, char path[WEFT_PATH_SIZE]);
uint16_t weft_placement_find_host(const struct weft_placement *placement, const char *host);

// Assign gives the free SLOT to PATH, with a new generation. Withdraw removes the path from the index: the slot is
// closing, and not free until weft_placement_release().
void weft_placement_assign(struct weft_placement *placement, uint16_t slot, const char *path);
void weft_placement_withdraw(struct weft_placement *placement, uint16_t slot);
void weft_placement_reinstate(struct weft_placement *placement, uint16_t slot); // undoes withdraw
void weft_placement_release(struct weft_placement *placement, uint16_t slot);

// Gives the port in SLOT its next generation, which makes addresses that were learned on it invalid.
void weft_placement_renew(struct weft_placement *placement, uint16_t slot);

// Makes WORKER, or WEFT_OWNER_EACH, the owner of the port in SLOT.
void weft_placement_own(struct weft_placement *placement, uint16_t slot, uint16_t worker);

// A free slot, or 0.
uint16_t weft_placement_free_slot(struct weft_placement *placement);

// The worker with the fewest ports.
uint16_t weft_placement_least(const struct weft_placement *placement, uint16_t n_workers);

// Spreads the ports over the workers by the packets that they moved since the last call: the busiest port first, each to
// the worker with the fewest packets so far. Returns how many ports change their worker.
unsigned int weft_placement_rebalance(struct weft_placement *placement, uint16_t n_workers);

// Makes BUCKET free for another tenant.
void weft_placement_free_bucket(struct weft_placement *placement, struct weft_bucket *bucket);

// Allocates a placement without ports, which is all zero. Returns NULL without memory.
struct weft_placement *weft_placement_new(void);
void weft_placement_free(struct weft_placement *placement);

// Removes all ports, domains and buckets.
void weft_placement_clear(struct weft_placement *placement);

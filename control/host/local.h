// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's part of the policy: its model, where its ports live, and the snapshot in force. A change is prepared
// first, with everything that can fail: parsed and checked, devices opened, compiled. It is activated or aborted later,
// and neither of these fails. Control thread; several may live in a process.
#pragma once

#include "control/policy/model.h"
#include "control/compile/placement.h"

struct weft_prepared;

#define WEFT_WHOLE (1 << 20) // of a tenant's rate: hosts may use parts of it

struct weft_local {
	char host[WEFT_NAME_SIZE]; // this host's name
	bool alone;		   // no cluster: ports without a host are here
	struct weft_model *model;  // includes what is prepared
	struct weft_placement *placement;
	struct weft_snapshot *snap; // in force; NULL: none yet
	uint64_t version;	    // its number
	uint64_t in_force_us;	    // since 1970: when it came into force
	uint64_t generation;	    // of the policy in force
	uint32_t cluster;	    // a number of the cluster's, for stamps; 0: none
	uint64_t tsc_hz;
	size_t budget; // bytes of compiled policy
	// What this host may use of a tenant's rate, as weft_cluster_share(); NULL: all of it.
	int32_t (*share)(const char *tenant, int32_t *kept);
	bool kernel;	 // has the tunnels' address on the uplink's interface, and its routes count
	bool rerouted;	 // they lead elsewhere than what is compiled
	json_t *failed;	 // ports whose device did not open: path to reason
	json_t *devices; // map: key of a port of type eth that is here, to itself
	struct weft_prepared *prepared;
};

enum weft_prepare_mode {
	WEFT_PREPARE,
	WEFT_PREPARE_RESTORE, // was in force before: a device that does not open does not hold up the others
};

// Makes LOCAL, whose host, alone, tsc_hz and budget are set, ready. Returns 0 or -ENOMEM.
int weft_local_init(struct weft_local *local, const char *vhost_dir);
void weft_local_fini(struct weft_local *local);

// Whether PORT is attached on this host.
bool weft_local_has(const struct weft_local *local, const struct weft_port *port);

// Prepares CHANGES as GENERATION; nothing else is prepared. Returns 0, or -errno with ERR, and then nothing has
// changed.
int weft_local_prepare(struct weft_local *local, const json_t *changes, uint64_t generation,
	enum weft_prepare_mode mode, struct weft_error *err);

// What is prepared changes; NULL where nothing is.
const struct weft_changeset *weft_local_changes(const struct weft_local *local);

// Publishes what is prepared; weft_local_settled() says when all workers use it.
void weft_local_activate(struct weft_local *local);
void weft_local_abort(struct weft_local *local);
bool weft_local_settled(const struct weft_local *local);

// Compiles and publishes again: after the placement changed, or where ALL is set, all ports anew, as after FENCED
// changed. Nothing is prepared. Returns 0 or -errno with ERR.
int weft_local_republish(struct weft_local *local, bool all, struct weft_error *err);

// The device of the port PATH has been taken away: it is closed, and opened again when it is back. The others go on.
// Nothing is prepared.
void weft_local_lose(struct weft_local *local, const char *path);

// Calls FN with every port that is here, in no order.
void weft_local_each(const struct weft_local *local, void (*fn)(void *arg, const struct weft_port *port), void *arg);

// The policy in force, without what is only prepared, as a bundle. A new object.
json_t *weft_local_bundle(const struct weft_local *local);

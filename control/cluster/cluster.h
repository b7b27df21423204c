// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host's part in the cluster's protocol: the hosts agree on generations of the policy and bring each into force on
// all hosts together, over a store that keeps one order of events. docs/architecture/cluster.md describes the protocol,
// docs/barrier.pml models it. Nothing blocks; one thread. A process may run several hosts.
//
// All keys are below a prefix:
//   publish                the generation in force, and the attempt at the next one; changed by compare-and-swap only
//   all, want/HOST         copies of it for the hosts that it concerns
//   state/HOST             what the host has prepared and applied, under its lease: a host without one is not live
//   objects/KEY            the objects of the generation in force
//   at/HOST/TENANT/PORT    which of them are ports of a host
//   gens/GENERATION/N      a generation's record, in parts
//   log/GENERATION         its summary
//   allot/lead             the host that allots tenants' rates, under its lease
//   allot/wants/HOST       what the host wants of them, under its lease
//   allot/shares/HOST      what the host may use of them
#pragma once

#include <event2/event.h>

#include "control/change/write.h"
#include "control/cluster/etcd/etcd.h"

struct weft_cluster;

// Callbacks of the host. HOST is the argument of weft_cluster_new().
struct weft_cluster_ops {
	// Returns the host's objects in force, with what is prepared on top of them.
	const struct weft_model *(*model)(void *host);
	// Prepares CHANGES; they are ready when settled() says so. TOLERANT: they are in force elsewhere already, and
	// what fails on this host alone must not keep the rest from being applied. Returns 0, or -errno with ERR and
	// nothing changed.
	int (*prepare)(void *host, const json_t *changes, uint64_t generation, bool tolerant, struct weft_error *err);
	void (*activate)(void *host);
	void (*abort)(void *host);
	bool (*settled)(void *host); // whether all workers use what is in force, and know what is prepared
	// Stores what is in force, so that it survives a crash. Returns 0 or -errno with ERR.
	int (*persist)(void *host, uint64_t generation, struct weft_error *err);
	// The host has lost the cluster from the time MS (ms, monotonic) on, unless this is called again before.
	void (*fence_at)(void *host, uint64_t ms);

	// The tenants' rates, which the hosts share (allot/allot.h). WANTS NULL: this host takes no part in that.
	json_t *(*wants)(void *host); // {tenant: parts that are wanted here}, since the last call; a new object
	void (*allot)(void *host);    // weft_cluster_share() has changed, and the host must use the new shares at once
	// Stores {tenant: parts}, so that it survives a crash; SYNC: of the machine, too. Returns 0 or -errno.
	int (*keep)(void *host, const json_t *kept, bool sync);
	json_t *(*kept)(void *host); // what was stored last; a new object, NULL: nothing
};

// Makes HOST, whose generation in force is GENERATION, a member of the cluster. CLUSTER_ID is the cluster that it
// followed before, or empty. CONFIG and OPS must stay valid. Returns NULL with ERR. It connects by itself, and tries
// for as long as it takes.
struct weft_cluster *weft_cluster_new(struct event_base *base, const struct weft_etcd_config *config, const char *name,
	const char *cluster_id, uint64_t generation, const struct weft_cluster_ops *ops, void *host,
	struct weft_error *err);
void weft_cluster_free(struct weft_cluster *cluster);

// Adds the cluster's id and state, and what is wrong, to STATUS.
void weft_cluster_status(const struct weft_cluster *cluster, json_t *status);

// Returns the generation in force here.
uint64_t weft_cluster_generation(const struct weft_cluster *cluster);

// Returns the cluster's id; empty: it is not known yet.
const char *weft_cluster_id(const struct weft_cluster *cluster);

// For tests of the tests only: hosts switch as soon as they see a generation, without waiting for each other.
void weft_cluster_break_barrier(struct weft_cluster *cluster);

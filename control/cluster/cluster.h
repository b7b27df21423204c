// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host's part in the cluster's protocol: how generations of the policy come about and are brought into force on all
// hosts together, over a store that keeps one order of events. docs/architecture/cluster.md has the protocol, docs/barrier.pml
// its model. Nothing blocks; one thread. Several may live in a process.
//
// All keys stand below a prefix:
//   publish                the generation in force, and the one that is being agreed on; changed by compare-and-swap
//   only state/HOST             what the host has prepared and applied, under its lease: who has none is not live
//   objects/KEY            the objects of the generation in force, and
//   at/HOST/TENANT/PORT    which of them are ports of a host
//   gens/GENERATION/N      a generation's record, in pieces
//   log/GENERATION         its summary
//   allot/lead             who shares out tenants' rates, under its lease
//   allot/wants/HOST       what the host wants of them, under its lease, and allot/shares/HOST what it is given
#pragma once

#include <event2/event.h>

#include "control/change/write.h"
#include "control/cluster/etcd/etcd.h"

struct weft_cluster;

// What the host does with a generation.
struct weft_cluster_ops {
	// The host's objects in force, and what is prepared on top of them.
	const struct weft_model *(*model)(void *host);
	// Prepares CHANGES; ready when settled. TOLERANT: they are in force elsewhere already; what fails on this host
	// alone must not keep the rest from it. Returns 0, or -errno with ERR and nothing changed.
	int (*prepare)(void *host, const json_t *changes, uint64_t generation, bool tolerant, struct weft_error *err);
	void (*activate)(void *host);
	void (*abort)(void *host);
	bool (*settled)(void *host); // whether all workers use what is in force, and know what is prepared
	// Makes what is in force last over a crash.
	int (*persist)(void *host, uint64_t generation, struct weft_error *err);
	// From MS on, of the monotonic clock, the host has lost the cluster, unless this is called again before.
	void (*fence_at)(void *host, uint64_t ms);

	// Tenants' rates, which the hosts share (allot.h); WANTS NULL: this host has none.
	json_t *(*wants)(void *host); // {T: what is wanted here, in parts}, since the last call; a new object
	void (*allot)(void *host);    // weft_cluster_share() says something else now, and has to count at once
	int (*keep)(
		void *host, const json_t *kept, bool sync); // {T: parts}: to last over a crash; SYNC: of the machine
	json_t *(*kept)(void *host);			    // what lasted; a new object, NULL: nothing
};

// Makes HOST, whose generation in force is GENERATION, part of the cluster. CLUSTER_ID is the one that it followed
// before, or empty. Returns NULL with ERR. It connects by itself, for as long as it takes.
struct weft_cluster *weft_cluster_new(struct event_base *base, const struct weft_etcd_config *config, const char *name,
	const char *cluster_id, uint64_t generation, const struct weft_cluster_ops *ops, void *host,
	struct weft_error *err);
void weft_cluster_free(struct weft_cluster *cluster);

// As in struct weft_store_ops.
void weft_cluster_submit(struct weft_cluster *cluster, struct weft_write *write);
void weft_cluster_view(struct weft_cluster *cluster, weft_view_cb cb, void *arg);
void
weft_cluster_wait(struct weft_cluster *cluster, uint64_t generation, uint32_t timeout_ms, weft_json_cb cb, void *arg);
void weft_cluster_generations(struct weft_cluster *cluster, weft_json_cb cb, void *arg);
void weft_cluster_record(struct weft_cluster *cluster, uint64_t generation, weft_json_cb cb, void *arg);
void weft_cluster_status(const struct weft_cluster *cluster, json_t *status);

// What the host may use of TENANT's rate, in parts of WEFT_WHOLE, and *KEPT, once it has lost the cluster.
int32_t weft_cluster_share(const struct weft_cluster *cluster, const char *tenant, int32_t *kept);

// The generation in force here.
uint64_t weft_cluster_generation(const struct weft_cluster *cluster);

// The cluster's id once it is known, else empty.
const char *weft_cluster_id(const struct weft_cluster *cluster);

// For tests of the tests only: hosts switch as soon as they see a generation, without waiting for each other.
void weft_cluster_break_barrier(struct weft_cluster *cluster);

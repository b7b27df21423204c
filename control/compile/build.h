// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Building a snapshot. A build begins as the former snapshot, shares its pages, and copies those on which something
// changes. Control thread.
#pragma once

#include "draft.h"

// Begins the snapshot VERSION that follows BASE; NULL: an empty one. The build gives numbers to domains in PLACEMENT,
// which nobody else may change until the build ends. TSC_HZ is in cycles a second. Returns NULL without memory.
struct weft_build *
weft_build_begin(const struct weft_snapshot *base, struct weft_placement *placement, uint64_t version, uint64_t tsc_hz);

// Puts CONF into SLOT: moves the port between domains, and enters its MAC. Returns 0, and then the snapshot owns CONF's
// references; or -ENOMEM, and the caller keeps them.
int build_put_port(struct weft_build *build, uint16_t slot, const struct weft_port_conf *conf);

// Takes a reference to all memory that CONF shares; or drops one.
void build_ref_port(const struct weft_port_conf *conf);
void build_unref_port(const struct weft_port_conf *conf);

// Checks that all compiled memory, that of builds included, stays within BUDGET bytes. Returns 0, or -ENOSPC with ERR,
// which has the numbers.
int weft_build_check(size_t budget, struct weft_error *err);

// Sets the cluster whose generations the snapshot has, 0: none; the uplink in use; and whether ports share the rate of
// this uplink by their plans.
void weft_build_for(struct weft_build *build, uint32_t cluster, uint16_t uplink, bool uplink_shared);

// Completes the snapshot as GENERATION of the policy. From now on it may be read, and nothing more is compiled into it.
// The build still owns it.
const struct weft_snapshot *weft_build_seal(struct weft_build *build, uint64_t generation);

// Ends the build and returns its snapshot, which is GENERATION of the policy and belongs to the caller.
struct weft_snapshot *weft_build_finish(struct weft_build *build, uint64_t generation);

// Ends the build without effect: the domains in its placement are as before. weft_build_give_up() returns the snapshot,
// and the caller frees it when nobody reads it any more. weft_build_abort() frees it at once, and accepts NULL.
struct weft_snapshot *weft_build_give_up(struct weft_build *build);
void weft_build_abort(struct weft_build *build);

void weft_snapshot_free(struct weft_snapshot *snap);

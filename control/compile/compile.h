// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// From objects to the snapshot that workers use, incrementally: a build begins as the snapshot before, shares its
// pages, and copies those on which something changes. Control thread.
#pragma once

#include "control/policy/model.h"
#include "placement.h"

struct weft_build;

// Begins a snapshot after BASE, or after an empty one where BASE is NULL. Domains are numbered in PLACEMENT, which must
// not change otherwise until the build ends. Returns NULL without memory.
struct weft_build *
weft_build_begin(const struct weft_snapshot *base, struct weft_placement *placement, uint64_t version, uint64_t tsc_hz);

// Compiles PORT into its slot, anew or again. The port's generation changes where addresses learned on it are void.
// Returns 0 or -errno with ERR.
int weft_build_port(
	struct weft_build *build, const struct weft_model *model, const struct weft_port *port, struct weft_error *err);

// A port, of whatever host, was OLD and is NEW, which is part of MODEL; NULL: there was, or is, none. Brings up to date
// whose its addresses are. Returns 0 or -ENOMEM with ERR.
int weft_build_member(struct weft_build *build, const struct weft_model *model, const struct weft_port *old,
	const struct weft_port *new, struct weft_error *err);

// Takes the port in SLOT out, if there is one. Returns 0 or -errno with ERR.
int weft_build_remove(struct weft_build *build, uint16_t slot, struct weft_error *err);

// Whether all compiled memory together, builds included, stays within BUDGET bytes. Returns 0, or -ENOSPC with ERR,
// which has the number.
int weft_build_check(size_t budget, struct weft_error *err);

// The snapshot's generation is one of CLUSTER's; 0: of no cluster, which is so without this call. UPLINK is in use.
void weft_build_for(struct weft_build *build, uint32_t cluster, uint16_t uplink, bool link);

// Nothing is compiled any more: the snapshot, which is GENERATION of the policy, may be looked at. It stays the
// build's.
const struct weft_snapshot *weft_build_seal(struct weft_build *build, uint64_t generation);

// Ends the build: with its snapshot, which is GENERATION of the policy, or without, and then PLACEMENT has its domains
// as before. Who gives up gets the snapshot too, to free it when nobody looks at it any more.
struct weft_snapshot *weft_build_finish(struct weft_build *build, uint64_t generation);
struct weft_snapshot *weft_build_give_up(struct weft_build *build);
void weft_build_abort(struct weft_build *build); // and frees it; NULL is nothing

void weft_snapshot_free(struct weft_snapshot *snap);

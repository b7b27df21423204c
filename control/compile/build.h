// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A build: it begins as the snapshot before, shares its pages, and copies those on which something changes. Control
// thread.
#pragma once

#include "draft.h"

// Begins a snapshot after BASE, or after an empty one where BASE is NULL. Domains are numbered in PLACEMENT, which must
// not change otherwise until the build ends. Returns NULL without memory.
struct weft_build *
weft_build_begin(const struct weft_snapshot *base, struct weft_placement *placement, uint64_t version, uint64_t tsc_hz);

// Puts CONF into SLOT: moves the port between domains, and enters its MAC. Takes CONF's references over when it returns
// 0; else returns -ENOMEM.
int build_put_port(struct weft_build *build, uint16_t slot, const struct weft_port_conf *conf);

// One reference more, or less, to all that CONF shares.
void build_ref_port(const struct weft_port_conf *conf);
void build_unref_port(const struct weft_port_conf *conf);

// Whether all compiled memory, builds included, stays within BUDGET bytes. Returns 0, or -ENOSPC with ERR, which has
// the numbers.
int weft_build_check(size_t budget, struct weft_error *err);

// Sets the snapshot's cluster, of which its generation is one, or 0; the uplink in use; and whether that one's rate is
// shared by plans.
void weft_build_for(struct weft_build *build, uint32_t cluster, uint16_t uplink, bool link);

// Nothing more is compiled: the snapshot, which is GENERATION of the policy, may be read. It stays the build's.
const struct weft_snapshot *weft_build_seal(struct weft_build *build, uint64_t generation);

// Ends the build and returns its snapshot, which is GENERATION of the policy.
struct weft_snapshot *weft_build_finish(struct weft_build *build, uint64_t generation);

// Ends the build without effect: PLACEMENT has its domains as before. The caller gets the snapshot, to free it when
// nobody reads it any more; abort frees it. NULL is nothing for abort.
struct weft_snapshot *weft_build_give_up(struct weft_build *build);
void weft_build_abort(struct weft_build *build);

void weft_snapshot_free(struct weft_snapshot *snap);

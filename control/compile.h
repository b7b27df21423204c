// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// From objects to the snapshot that workers use. Control thread.
#pragma once

#include "model.h"
#include "placement.h"

// Compiles MODEL; ports that have no place are left out. Domains are numbered in PLACEMENT; those that no port uses any
// more lose their number. VERSION is the snapshot's. Returns NULL with ERR.
struct weft_snapshot *weft_compile(const struct weft_model *model, struct weft_placement *placement, uint64_t version,
	uint64_t tsc_hz, struct weft_error *err);

void weft_snapshot_free(struct weft_snapshot *snap);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A worker takes over a new snapshot. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// Compares the ports of SNAP with those that the worker owns: takes in new ones, gives up those that are gone, and
// begins to move those that have another owner.
void weft_adopt_snapshot(struct weft_engine_worker *self, const struct weft_snapshot *snap);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A worker's tasks between two rounds, besides packets. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// Loads the snapshots in force, runs what the control thread has posted, and does the periodic work that is due at NOW
// (TSC).
void weft_chores_run(struct weft_engine_worker *self, uint64_t now);

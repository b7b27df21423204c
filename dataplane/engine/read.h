// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reading ports into the worker's vector. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// Reads some of the idle ports, while the vector has room for a burst. Before the active ones, which may fill the
// vector in every round.
void weft_read_idle(struct weft_engine_worker *self);

// Reads the active ports in turn, while the vector has room for a burst.
void weft_read_active(struct weft_engine_worker *self);

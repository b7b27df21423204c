// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Preparing a change: what it concerns is found, its ports are opened, and a snapshot is compiled. Control thread.
#pragma once

#include "change.h"

// Prepares P, whose set has become part of LOCAL's model. With ALL, all ports are compiled. Returns 0, or -errno with
// P's err; P knows what has been done, for weft_local_abort().
int weft_prepare_run(struct weft_local *local, struct weft_prepared *p, bool all);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Compiles ports into the snapshot that workers use. Control thread.
#pragma once

#include "build.h"
#include "members.h"

// Compiles PORT into its slot, for the first time or again. If addresses that were learned on the port are invalid now,
// its generation changes. Returns 0 or -errno with ERR.
int weft_build_port(
	struct weft_build *build, const struct weft_model *model, const struct weft_port *port, struct weft_error *err);

// Removes the port in SLOT, if there is one. Returns 0 or -errno with ERR.
int weft_build_remove(struct weft_build *build, uint16_t slot, struct weft_error *err);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// From ports to the snapshot that workers use. Control thread.
#pragma once

#include "build.h"
#include "members.h"

// Compiles PORT into its slot, for the first time or again. The port's generation changes where addresses that were
// learned on it are void. Returns 0 or -errno with ERR.
int weft_build_port(
	struct weft_build *build, const struct weft_model *model, const struct weft_port *port, struct weft_error *err);

// Takes the port in SLOT out, if there is one. Returns 0 or -errno with ERR.
int weft_build_remove(struct weft_build *build, uint16_t slot, struct weft_error *err);

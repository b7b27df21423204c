// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Records which networks a generation changes. Frames between hosts name their sender's generation, so the receiver can
// tell whether the sender knew of the change. Control thread.
#pragma once

#include "draft.h"

// Notes GENERATION in the domains of the networks that SET changes. Returns 0, or -ENOMEM with ERR.
int weft_build_stamp(
	struct weft_build *build, const struct weft_changeset *set, uint64_t generation, struct weft_error *err);

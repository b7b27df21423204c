// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which networks a generation changes something about, so that hosts can tell by the generation that a frame names
// whether its sender knew of that. Control thread.
#pragma once

#include "control/host/prepare.h"

// Notes P's generation in the domains that its changes concern. Returns 0, or -ENOMEM with P's err.
int weft_build_stamp(struct weft_build *build, const struct weft_local *local, const struct weft_prepared *p);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sets up shaping. Control thread. The rates of buckets are in weft/engine.h.
#pragma once

#include "weft/log.h"

// Reserves the space that a frame needs while it waits, in all packet buffers. Once, before the pool is made. Returns 0
// or -ENOSPC with ERR.
int weft_shaping_init(struct weft_error *err);

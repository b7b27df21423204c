// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What ports send to the uplink in use, where it has a rate: each has its guarantee (min_rate), and of what is left a
// part by its weight. Control thread.
#pragma once

#include "host.h"

// Bits per second; 0: the uplink does not say, or there is none.
uint64_t weft_uplink_rate(const struct weft_local *local);

// The guarantees of this host's ports together.
uint64_t weft_uplink_guaranteed(const struct weft_local *local);

// Whether they fit. Returns 0, or -ENOSPC with ERR.
int weft_uplink_rate_check(const struct weft_local *local, struct weft_error *err);

// What the model says holds for the data plane from now on.
void weft_uplink_rate_sync(struct weft_local *local);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The rate of the uplink in use, which this host's ports share: each port has its guarantee (min_rate), and a part of the
// rest by its weight. Control thread.
#pragma once

#include "host.h"

// In bits per second; 0: the uplink has no rate, or there is no uplink.
uint64_t weft_uplink_rate(const struct weft_local *local);

// The sum of the guarantees of this host's ports, in bits per second.
uint64_t weft_uplink_guaranteed(const struct weft_local *local);

// Checks that the guarantees fit the rate. Returns 0, or -ENOSPC with ERR.
int weft_uplink_rate_check(const struct weft_local *local, struct weft_error *err);

// Tells the data plane the rate.
void weft_uplink_rate_sync(struct weft_local *local);

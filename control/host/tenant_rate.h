// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Limits of tenants, which all of their ports share. Control thread.
#pragma once

#include "host.h"

// What the model says, and what this host may use of it, holds for the buckets from now on; or only the latter has
// changed.
void weft_tenant_rate_sync(struct weft_local *local);
void weft_tenant_rate_update(struct weft_local *local);

// What the tenants want here, in parts of their rates (WEFT_WHOLE): {T: want}, by what has passed since the last call.
json_t *weft_tenant_rate_wants(struct weft_local *local);

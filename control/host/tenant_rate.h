// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Limits of tenants, which all of their ports share. Control thread.
#pragma once

#include "local.h"

// The bucket of the port's tenant in BUILD, or 0 where it has no limit; -ENOSPC where all are in use.
int weft_bucket_of(struct weft_placement *placement, const struct weft_model *model, const struct weft_port *port);

// What the model says, and what this host may use of it, holds for the buckets from now on; or only the latter has
// changed.
void weft_buckets_sync(struct weft_local *local);
void weft_buckets_share(struct weft_local *local);

// What the tenants want here, in parts of their rates (WEFT_WHOLE): {T: want}, by what has passed since the last call.
json_t *weft_buckets_wants(struct weft_local *local);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rates of tenants. A tenant's rate is one bucket of the data plane, which all of its ports on this host share. In a
// cluster, the bucket holds the share of the rate that this host may use. Control thread.
#pragma once

#include "host.h"

// Tells the data plane the rates of all buckets, and frees those of tenants that have no rate any more. The first is for
// when the model has changed; the second for when only this host's shares have.
void weft_tenant_rate_sync(struct weft_local *local);
void weft_tenant_rate_update(struct weft_local *local);

// How much of its rate each tenant wants on this host, in parts of WEFT_WHOLE, judged by the traffic since the last call:
// {tenant: want}; a new object.
json_t *weft_tenant_rate_wants(struct weft_local *local);

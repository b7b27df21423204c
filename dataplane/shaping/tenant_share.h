// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports that share their tenant's rate. One that finds nothing in the bucket waits for its turn. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// Whether the port in SLOT has to wait for its tenant's bucket; if so, it joins the queue.
bool weft_tenant_share_wait(struct weft_engine_worker *self, uint16_t slot);

// If BUCKET has something to give and it is the turn of the first port in this worker's queue, unparks that port with
// bytes for its next read; else sets the wheel to look again.
void weft_tenant_share_next(struct weft_engine_worker *self, uint16_t bucket);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports that share the uplink's rate. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// Whether the port in SLOT may be read now; if so, lowers *BYTES to the most that it may read.
bool weft_uplink_share_allows(struct weft_engine_worker *self, uint16_t slot, int64_t *bytes);

// The last read of the port in SLOT found nothing: what it has left of its turn goes back to all.
void weft_uplink_share_return(struct weft_engine_worker *self, uint16_t slot);

// The port in SLOT, which is parked, waits for its turn and for its guaranteed rate, whichever comes first.
void weft_uplink_share_wait(struct weft_engine_worker *self, uint16_t slot);

// Pays what the port in SLOT owes out of its guaranteed rate, as far as that goes. Returns whether it owes nothing now.
bool weft_uplink_share_pay(struct weft_engine_worker *self, uint16_t slot);

// Unparks the ports of this worker whose turn it is, and sets the wheel to look again.
void weft_uplink_share_next(struct weft_engine_worker *self);

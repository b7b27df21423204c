// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Limits of ports: their plans, their tenants' rates, their shares of the uplink. What a VM may not send now stays in
// its rings, and the port is parked until it may. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// How many packets the worker may read from the port in SLOT now, and *BYTES of them at most. 0: the port has to wait.
uint16_t weft_shape_allowed(struct weft_engine_worker *self, uint16_t slot, int64_t *bytes);

// Charges the N packets of BYTES that were read then.
void weft_shape_charge(struct weft_engine_worker *self, uint16_t slot, uint16_t n, uint64_t bytes);

// Whether the port in SLOT has to wait before it may send more. If so, it counts as parked, and the wheel or a queue
// ends that; the caller parks it in the poll list.
bool weft_shape_park(struct weft_engine_worker *self, uint16_t slot);

// Does what the wheel says is due: unparks ports, and sends frames that have waited.
void weft_shape_expire(struct weft_engine_worker *self);

// The slot holds PORT in the snapshot in use, with the generation that the worker has noted in its own port.
void weft_shape_adopt(struct weft_engine_worker *self, uint16_t slot, const struct weft_port_conf *port);

// The worker has the port's token from now on, and what waits there.
void weft_shape_claim(struct weft_engine_worker *self, uint16_t slot);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Ports whose guests may have to be notified (interrupted). A worker notifies once at the end of a round, when all
// packets are written: the first notification waits until the writes are visible, and the others need not wait again.
// Owner worker.
#pragma once

#include "worker.h"

// The worker has read from SLOT, or written to it.
void weft_notify_later(struct weft_engine_worker *self, uint16_t slot);

// Notifies the ports of this round.
void weft_notify_ports(struct weft_engine_worker *self);

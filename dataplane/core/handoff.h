// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Packets between workers, by a ring for every two of them. Each ring has one producer and one consumer, so a worker
// that is interrupted holds up nobody. Owner worker.
#pragma once

#include "worker.h"

// Hands the packets in the buffer for the worker PEER over to it. Drops those for which its ring has no room.
void weft_handoff_flush(struct weft_worker *worker, uint16_t peer);

// Takes packets that other workers have handed over: those whose connection this worker has go into its vector, the
// others into the buffers of their ports. Returns how many it took.
unsigned int weft_handoff_receive(struct weft_engine_worker *self);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The order in which a worker reads its ports. The list of slots that the worker owns has three parts: the active ones,
// which are read in every round; the idle ones, which take turns; and the parked ones, which are not read. Owner
// worker.
#pragma once

#include "worker.h"

// Adds SLOT as an idle one.
void weft_poll_list_add(struct weft_engine_worker *self, uint16_t slot);

// Makes an idle slot active, and an active one idle.
void weft_poll_list_activate(struct weft_engine_worker *self, uint16_t slot);
void weft_poll_list_deactivate(struct weft_engine_worker *self, uint16_t slot);

// Parks SLOT, which is active or idle.
void weft_poll_list_park(struct weft_engine_worker *self, uint16_t slot);

// Makes SLOT, which is parked, active.
void weft_poll_list_unpark(struct weft_engine_worker *self, uint16_t slot);

// Removes the slots that the worker does not own any more.
void weft_poll_list_compact(struct weft_engine_worker *self);

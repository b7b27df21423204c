// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Slots of other hosts. Control thread.
#pragma once

#include "change.h"

// Gives other hosts slots, takes slots from hosts that tunnels no longer lead to, and notes in P whether its changes
// concern tunnels; ALL: they do. To be called after all ports are opened. Returns 0, or -errno with P's err.
int weft_peer_slots_prepare(struct weft_local *local, struct weft_prepared *p, bool all);

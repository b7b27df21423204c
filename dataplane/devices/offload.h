// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections that hardware carries. Control thread. See also weft_engine_offload() in weft/engine.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct weft_snapshot;

// TSC cycles between two looks at a flow; 0: a second. For tests.
extern uint64_t weft_offload_period;

// Some device takes flows: takes memory for them, and has workers offer connections from now on.
void weft_offload_start(void);

// Ends the flows that SNAP does not allow as they are.
void weft_offload_revoke(const struct weft_snapshot *snap);

// Whether all flows that were to end have ended.
bool weft_offload_settled(void);

// Ends all flows, and frees the memory.
void weft_offload_stop(void);

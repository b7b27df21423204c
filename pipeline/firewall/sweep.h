// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The background pass over the connections.
#pragma once

#include "weft/worker.h"

// Visits the next N records: removes connections that are too old, and judges those again that were judged under
// older rules. Owner worker.
void weft_sessions_sweep(struct weft_worker *worker, uint32_t n);

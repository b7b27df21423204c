// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A worker's memory. Control thread.
#pragma once

#include "dataplane/core/worker.h"

// A worker with the number ID for the thread of LCORE, with all its tables. NULL: no memory.
struct weft_engine_worker *weft_worker_new(uint16_t id, unsigned int lcore);

void weft_worker_free(struct weft_engine_worker *worker);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The loop of a worker's thread.
#pragma once

// Runs until the engine stops. ARG is the worker's struct weft_engine_worker. Returns 0.
int weft_loop_run(void *arg);

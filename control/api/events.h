// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The latest lines of the log. Control thread.
#pragma once

#include "call.h"

// The method, {after, run, timeout_ms}, waits for the next line; weft_events_tick(), called regularly, answers those
// that wait.
void weft_events_wait(struct weft_call *call, const json_t *params);
void weft_events_tick(void);

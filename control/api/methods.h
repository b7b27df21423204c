// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods of weftd's socket. Control thread.
#pragma once

#include <stdbool.h>

#include "call.h"

// Runs METHOD, and ends CALL now or later: a weft_method_fn (server.h).
void weft_method_run(struct weft_call *call, const char *method, const json_t *params, bool may_change);

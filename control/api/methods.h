// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods of weftd's socket. Control thread.
#pragma once

#include <stdbool.h>

#include "control/policy/model.h"
#include "call.h"

// Carries out one JSON-RPC request, now or later. MAY_CHANGE: the peer may change things.
void weft_method_run(struct weft_call *call, const char *method, const json_t *params, bool may_change);

// The full name of a port: "name" is short for "default/name".
void weft_full_name(const char *name, char path[WEFT_PATH_SIZE]);

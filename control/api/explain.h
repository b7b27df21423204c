// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The method that shows what the pipeline decides about a frame. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// "explain", {port, to} or {port, frame}: runs through the pipeline a frame from that port, to that MAC or address, or
// as given in hexadecimal, and sends nothing: {port, length, outputs, steps: [{stage, decision}], verdict, drop}.
// Returns NULL with errno and ERR.
json_t *weft_api_explain(const json_t *params, struct weft_error *err);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The host as a whole. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "status": versions, the generation in force, numbers of objects, memory, and the state of the store.
json_t *weft_report_status(const json_t *params, struct weft_error *err);

// The method "state_hash": a hash over all state that packets may change, in hexadecimal. Tests compare two of them.
json_t *weft_report_state_hash(const json_t *params, struct weft_error *err);

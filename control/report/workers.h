// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The workers: what they have done, and how long it took. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "workers": a list with one object for each worker. Times are in microseconds or TSC cycles; "tsc_hz" says
// how many cycles a second has.
json_t *weft_report_workers(const json_t *params, struct weft_error *err);

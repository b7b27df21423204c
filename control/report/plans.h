// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Data plans, and what they have done. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "plans": {time_us, ports, tenants, uplink, next}. PARAMS select the ports as in select.h; ports without a
// plan and without a rate of their tenant are left out. Rates are in bits per second.
json_t *weft_report_plans(const json_t *params, struct weft_error *err);

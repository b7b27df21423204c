// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What ports' plans allow, and what they have done. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

json_t *weft_report_plans(const json_t *params, struct weft_error *err);

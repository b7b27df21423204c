// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The MACs that the workers have learned. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "fdb": [{mac, domain, port, age_s}], at most 65536 of them, as the first worker knows them.
json_t *weft_report_fdb(const json_t *params, struct weft_error *err);

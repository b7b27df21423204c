// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods that create and destroy the VFs of a PF. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// "create_functions", {pf, count}, and "destroy_functions", {pf}. Return what the method "function" says of the PF
// afterwards; or NULL with errno and ERR.
json_t *weft_api_vf_create(const json_t *params, struct weft_error *err);
json_t *weft_api_vf_destroy(const json_t *params, struct weft_error *err);

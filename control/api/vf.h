// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods that create and remove a PF's VFs. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// {pf, count} and {pf}. Return what weft_report_function() returns of the PF; or NULL with ERR.
json_t *weft_vf_create(const json_t *params, struct weft_error *err);
json_t *weft_vf_destroy(const json_t *params, struct weft_error *err);

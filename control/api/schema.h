// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The method that describes the kinds of objects and their fields. Control thread.
#pragma once

#include "call.h"

void weft_policy_schema(struct weft_call *call, const json_t *params);

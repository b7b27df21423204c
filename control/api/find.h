// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The method that finds where an address is. Control thread.
#pragma once

#include "call.h"

void weft_policy_where(struct weft_call *call, const json_t *params);

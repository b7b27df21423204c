// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The method that describes objects. Control thread.
#pragma once

#include "call.h"

// "schema", {kind}: {kind: JSON Schema}, of that kind or of all. "x-path" is the place in a bundle; "x-role" is "admin" if
// only administrators may write the object or the field.
void weft_api_schema(struct weft_call *call, const json_t *params);

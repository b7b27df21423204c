// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The JSON Schema of objects, from the tables that drive their parsing.
#pragma once

#include "field.h"

// The JSON Schema (draft 2020-12) of objects that FIELDS describe. A new reference.
json_t *weft_fields_schema(const struct weft_field *fields);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The fields of objects, for people.
#pragma once

#include <jansson.h>

// Prints a field's purpose, its limits and its default, to the end of the line. FIELD is its JSON Schema.
void print_field(const json_t *field);

// KINDS is the result of the method "schema". Fields are printed where there is one kind only.
void print_schema(const json_t *kinds);

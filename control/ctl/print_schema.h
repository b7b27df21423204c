// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The fields of objects, for people.
#pragma once

#include <jansson.h>

// KINDS is the result of the method "schema". Fields are printed where there is one kind only.
void print_schema(const json_t *kinds);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Members of a method's result, with a value where one is missing.
#pragma once

#include <stdbool.h>
#include <string.h>

#include <jansson.h>

// A string, or "".
static inline const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

// An integer, or 0.
static inline long long
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

// A boolean, or false.
static inline bool
flag(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

// The row of LIST whose FIELD is the string VALUE, or NULL.
static inline const json_t *
find_row(const json_t *list, const char *field, const char *value)
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row)
		if (strcmp(text(row, field), value) == 0)
			return row;
	return NULL;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A map from strings to pointers, which it does not own: jansson's hash table, with pointers as its integers.
#pragma once

#include <stdint.h>

#include <jansson.h>

static inline void *
weft_map_get(const json_t *map, const char *key)
{
	return (void *)(intptr_t)json_integer_value(json_object_get(map, key));
}

// Returns 0, or -1 without memory.
static inline int
weft_map_set(json_t *map, const char *key, const void *value)
{
	return json_object_set_new(map, key, json_integer((json_int_t)(intptr_t)value));
}

static inline void *
weft_map_value(const json_t *value)
{
	return (void *)(intptr_t)json_integer_value(value);
}

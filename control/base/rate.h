// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rates, as objects' fields have them.
#pragma once

#include <jansson.h>

#define WEFT_RATE_SCHEMA                                                                                               \
	"{\"anyOf\":[{\"type\":\"integer\",\"minimum\":8000,\"maximum\":10000000000000},"                              \
	"{\"type\":\"string\",\"pattern\":\"^[0-9]+(\\\\.[0-9]+)?[kMGT]$\"}],\"examples\":[\"10M\"]}"

// Parses a field (field.h): bits per second, into a uint64_t. A string needs a unit ("10M").
int weft_parse_rate(const json_t *value, void *to, char expected[160]);

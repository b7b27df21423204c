// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "rate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIN_RATE 8000
#define MAX_RATE UINT64_C(10000000000000)

// The least rate is 8000: a smaller number was probably meant in another unit.
int
weft_parse_rate(const json_t *value, void *to, char expected[160])
{
	static const char units[] = "kMGT";
	const char *text = json_string_value(value), *unit;
	double number = (double)json_integer_value(value);
	char *end = NULL;

	if (text) {
		number = strtod(text, &end);
		unit = end != text && *end && end[1] == 0 ? strchr(units, *end) : NULL;
		for (long i = unit ? unit - units : -1; i >= 0; i--)
			number *= 1000;
		number = unit ? number : 0;
	}
	snprintf(expected, 160,
		"bits per second from 8000 (\"8k\") to 10000000000000 (\"10T\"), as a number or as a string with k, M, "
		"G or T; "
		"without \"rate\" there is no limit");
	if (!(json_is_integer(value) || text) || !(number >= MIN_RATE && number <= MAX_RATE))
		return -1;
	*(uint64_t *)to = (uint64_t)(number + 0.5);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Numbers of many ports, kept while their reports come a page at a time: all samples of a metric family stand together in
// the text, so that every port is needed before the first line about ports.
#pragma once

#include <jansson.h>

#include "families.h"

// The number in FIELD of a report's ROW; true is 1. After a dot it is a field of an object in the row.
double samples_number(const json_t *row, const char *field);

// A row for each port, with a number for each family.
struct samples {
	const struct family *families;
	unsigned int n_families;
	size_t n, room;
	struct sample_row {
		char *port;
		json_t *drops; // {reason: packets}; NULL: none
		double *value; // as many as families
	} * row;
};

void samples_begin(struct samples *samples, const struct family *families);
// Takes the numbers of ROW, which is about PORT. DROPS may be NULL. False: there is no memory.
bool samples_add(struct samples *samples, const json_t *row, const char *port, json_t *drops);
void samples_free(struct samples *samples);

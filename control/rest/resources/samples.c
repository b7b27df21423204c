// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "samples.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 256 // rows

double
samples_number(const json_t *row, const char *field)
{
	const char *dot = strchr(field, '.');
	const json_t *value;
	char first[32] = "";

	if (dot) {
		strncat(first, field,
			(size_t)(dot - field) < sizeof(first) - 1 ? (size_t)(dot - field) : sizeof(first) - 1);
		row = json_object_get(row, first);
		field = dot + 1;
	}
	value = json_object_get(row, field);
	return json_is_true(value) ? 1 : json_number_value(value);
}

void
samples_begin(struct samples *samples, const struct family *families)
{
	samples->families = families;
	while (families[samples->n_families].name)
		samples->n_families++;
}

bool
samples_add(struct samples *samples, const json_t *from, const char *port, json_t *drops)
{
	struct sample_row *row;

	if (samples->n == samples->room) {
		size_t room = samples->room ? 2 * samples->room : FIRST_ROOM;
		struct sample_row *more = realloc(samples->row, room * sizeof(*more));

		if (more == NULL)
			return false;
		samples->row = more;
		samples->room = room;
	}
	row = &samples->row[samples->n];
	row->port = strdup(port ? port : "");
	row->value = malloc(samples->n_families * sizeof(double));
	row->drops = json_object_size(drops) ? json_incref(drops) : NULL;
	samples->n++;
	if (row->value == NULL || row->port == NULL)
		return false;
	for (unsigned int i = 0; i < samples->n_families; i++)
		row->value[i] = samples_number(from, samples->families[i].field);
	return true;
}

void
samples_free(struct samples *samples)
{
	for (size_t i = 0; i < samples->n; i++) {
		free(samples->row[i].port);
		free(samples->row[i].value);
		json_decref(samples->row[i].drops);
	}
	free(samples->row);
}

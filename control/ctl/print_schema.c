// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The fields of objects, for people.
#include "print_schema.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

static void
print_values(const json_t *field)
{
	const json_t *values = json_object_get(field, "enum");
	size_t i;
	json_t *value;

	json_array_foreach (values, i, value)
		printf("%s%s%s", i ? ", " : " (", json_string_value(value),
			i + 1 == json_array_size(values) ? ")" : "");
	if (json_object_get(field, "maximum"))
		printf(" (%lld to %lld)", number(field, "minimum"), number(field, "maximum"));
	json_array_foreach (json_object_get(field, "anyOf"), i, value)
		print_values(value);
}

void
print_field(const json_t *field)
{
	const json_t *items = json_object_get(field, "items"), *preset = json_object_get(field, "default");
	const json_t *example = json_array_get(json_object_get(field, "examples"), 0);
	char *shown = preset ? json_dumps(preset, JSON_ENCODE_ANY) : NULL;

	printf("%s", text(field, "description"));
	print_values(items ? items : field);
	if (example)
		printf(", such as %s", json_string_value(example));
	if (shown && strcmp(shown, "{}"))
		printf(", by default %s", shown);
	putchar('\n');
	free(shown);
}

static void
print_fields(const json_t *schema, int depth)
{
	const char *name;
	json_t *field;

	json_object_foreach (json_object_get(schema, "properties"), name, field) {
		const json_t *items = json_object_get(field, "items");
		const char *type = text(field, "type");

		printf("%*s%-*s %-8s ", 2 * depth, "", 26 - 2 * depth, name, type[0] ? type : "any");
		print_field(field);
		print_fields(items ? items : field, depth + 1);
	}
}

void
print_schema(const json_t *kinds)
{
	const char *name;
	json_t *schema;

	json_object_foreach ((json_t *)(uintptr_t)kinds, name, schema) {
		printf("%s: %s\n%s\n", name, text(schema, "description"), text(schema, "x-path"));
		if (json_object_size(kinds) == 1)
			print_fields(schema, 1);
	}
}

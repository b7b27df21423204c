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
print_fields(const json_t *schema, unsigned int depth)
{
	const char *name, *type;
	json_t *field;

	json_object_foreach (json_object_get(schema, "properties"), name, field) {
		json_t *items = json_object_get(field, "items"), *preset = json_object_get(field, "default");
		char *shown = preset ? json_dumps(preset, JSON_ENCODE_ANY) : NULL;
		size_t i;
		json_t *value;

		type = text(field, "type");
		printf("%*s%-*s %-8s %s", 2 * depth, "", 26 - 2 * depth, name, type[0] ? type : "any",
			text(field, "description"));
		if (json_object_get(field, "enum")) {
			printf(" (");
			json_array_foreach (json_object_get(field, "enum"), i, value)
				printf("%s%s", i ? ", " : "", json_string_value(value));
			printf(")");
		}
		if (json_object_get(field, "maximum"))
			printf(" (%lld to %lld)", number(field, "minimum"), number(field, "maximum"));
		if (shown && strcmp(shown, "{}"))
			printf(", by default %s", shown);
		putchar('\n');
		free(shown);
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

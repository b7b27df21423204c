// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "schema.h"

static json_t *
names_of(const char *const *names)
{
	json_t *list = json_array();

	for (unsigned int i = 0; names[i]; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *
schema_of(const struct weft_field *field)
{
	switch (field->type) {
	case WEFT_FIELD_STRING:
		return json_pack("{s:s, s:I}", "type", "string", "maxLength", (json_int_t)field->size - 1);
	case WEFT_FIELD_UINT:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)field->min, "maximum",
			(json_int_t)field->max);
	case WEFT_FIELD_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case WEFT_FIELD_ENUM:
		return json_pack("{s:s, s:o}", "type", "string", "enum", names_of(field->names));
	case WEFT_FIELD_OBJECT:
		return weft_fields_schema(field->fields);
	case WEFT_FIELD_LIST:
		return json_pack("{s:s, s:I, s:o}", "type", "array", "maxItems", (json_int_t)field->max, "items",
			field->fields ? weft_fields_schema(field->fields)
				      : json_pack("{s:s, s:I}", "type", "string", "maxLength",
						(json_int_t)field->item_size - 1));
	default:
		return json_loads(field->schema, 0, NULL);
	}
}

json_t *
weft_fields_schema(const struct weft_field *fields)
{
	json_t *properties = json_object(), *required = json_array(), *schema;

	for (const struct weft_field *f = fields; f->name; f++) {
		json_t *one = schema_of(f);

		json_object_set_new(one, "description", json_string(f->help));
		if (f->providers)
			json_object_set_new(one, "x-role", json_string("admin"));
		if (f->preset)
			json_object_set_new(one, "default", json_loads(f->preset, JSON_DECODE_ANY, NULL));
		json_object_set_new(properties, f->name, one);
		if (f->required)
			json_array_append_new(required, json_string(f->name));
	}
	schema = json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
	if (json_array_size(required))
		json_object_set_new(schema, "required", required);
	else
		json_decref(required);
	return schema;
}

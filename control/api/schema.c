// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The JSON Schema of objects, from the very tables that drive parsing.
#include "schema.h"

#include "control/policy/kinds.h"
#include "write.h"

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

void
weft_policy_schema(struct weft_call *call, const json_t *params)
{
	const char *name = json_string_value(json_object_get(params, "kind"));
	const struct weft_kind *only = name ? weft_kind_by_name(name) : NULL;
	json_t *kinds = json_object();
	char key[WEFT_KEY_SIZE];
	struct weft_error err;

	if (name && only == NULL) {
		json_decref(kinds);
		weft_key_param(params, key, &err);
		weft_call_error(call, WEFT_REJECTED, &err);
		return;
	}
	for (unsigned int i = 0; weft_kinds[i]; i++) {
		const struct weft_kind *kind = weft_kinds[i];
		json_t *schema;

		if (only && kind != only)
			continue;
		schema = weft_fields_schema(kind->fields);
		json_object_set_new(schema, "title", json_string(kind->name));
		json_object_set_new(schema, "description", json_string(kind->help));
		if (kind->providers || !kind->in_tenant)
			json_object_set_new(schema, "x-role", json_string("admin"));
		json_object_set_new(schema, "x-path",
			json_sprintf(!kind->in_tenant ? "%s/NAME"
				     : kind->single   ? "tenants/TENANT/%s"
						      : "tenants/TENANT/%s/NAME",
				kind->plural));
		json_object_set_new(kinds, kind->name, schema);
	}
	weft_call_result(call, kinds);
}

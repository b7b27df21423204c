// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "schema.h"

#include "control/base/schema.h"
#include "control/policy/kinds.h"
#include "look.h"

void
weft_api_schema(struct weft_call *call, const json_t *params)
{
	const char *name = json_string_value(json_object_get(params, "kind"));
	const struct weft_kind *only = name ? weft_kind_by_name(name) : NULL;
	json_t *kinds = json_object();
	char key[WEFT_KEY_SIZE];
	struct weft_error err;

	if (name && only == NULL) {
		json_decref(kinds);
		weft_look_key(params, key, &err);
		weft_call_error(call, WEFT_CALL_REJECTED, &err);
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

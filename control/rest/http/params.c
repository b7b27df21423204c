// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "params.h"

#include <string.h>

#include "problem.h"

const char *
weft_params_text(const struct request *r, const char *name)
{
	return json_string_value(json_object_get(r->query, name));
}

bool
weft_params_flag(const struct request *r, const char *name)
{
	const char *text = weft_params_text(r, name);

	return text && (strcmp(text, "") == 0 || strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

json_t *
weft_params_body(struct request *r)
{
	json_error_t error;
	json_t *body;

	if (!r->json) {
		weft_problem(r, 415, "send the body as application/json");
		return NULL;
	}
	body = json_loadb(r->body ? r->body : "", r->body_len, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(body))
		return body;
	if (body)
		weft_problem(r, 400, "the body is not a JSON object");
	else
		weft_problem(
			r, 400, "the body is not JSON: line %d, column %d: %s", error.line, error.column, error.text);
	json_decref(body);
	return NULL;
}

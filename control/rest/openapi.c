// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The OpenAPI 3.1 document: from the table of routes, and from the descriptions of objects that weftd parses by.
#include "rest.h"

#include <ctype.h>
#include <string.h>

static json_t *
parameter(const char *name, size_t len, const char *in)
{
	json_t *p = json_pack("{s:s%, s:s, s:{s:s}}", "name", name, len, "in", in, "schema", "type", "string");

	if (strcmp(in, "path") == 0)
		json_object_set_new(p, "required", json_true());
	return p;
}

static json_t *
response(const char *description, const char *type)
{
	return type ? json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", description, "content", type, "schema", "$ref",
			      strcmp(type, "application/json") ? "#/components/schemas/problem"
							       : "#/components/schemas/any")
		    : json_pack("{s:s}", "description", description);
}

static json_t *
responses(const char *ok, const char *description)
{
	return json_pack("{s:o, s:o}", ok, response(description, strcmp(ok, "204") ? "application/json" : NULL),
		"default", response("a problem document (RFC 9457)", "application/problem+json"));
}

// Parameters of PATH, in braces.
static void
add_path_parameters(json_t *list, const char *path)
{
	for (const char *p = path; (p = strchr(p, '{')) != NULL; p++)
		json_array_append_new(list, parameter(p + 1, strcspn(p + 1, "}"), "path"));
}

static void
add_query_parameters(json_t *list, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, " ");

		json_array_append_new(list, parameter(names, len, "query"));
		names += len + (names[len] == ' ');
	}
}

static json_t *
operation(const char *path, const char *query, const char *summary, const char *ok, const char *body)
{
	json_t *parameters = json_array();
	json_t *o = json_pack(
		"{s:s, s:o, s:o}", "summary", summary, "parameters", parameters, "responses", responses(ok, summary));

	add_path_parameters(parameters, path);
	add_query_parameters(parameters, query);
	if (body)
		json_object_set_new(o, "requestBody",
			json_pack("{s:b, s:{s:{s:{s:s}}}}", "required", 1, "content", "application/json", "schema",
				"$ref", body));
	return o;
}

static json_t *
path_item(json_t *paths, const char *path)
{
	json_t *key = json_sprintf("/v1/%s", path), *item = json_object_get(paths, json_string_value(key));

	if (item == NULL) {
		item = json_object();
		json_object_set_new(paths, json_string_value(key), item);
	}
	json_decref(key);
	return item;
}

static void
set_operation(json_t *item, const char *method, json_t *operation)
{
	char lower[8] = "";

	for (size_t i = 0; method[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)method[i]);
	json_object_set_new(item, lower, operation);
}

// "tenants/TENANT/ports/NAME" as "tenants/{tenant}/ports/{name}".
static void
braces(const char *template, char path[200])
{
	size_t len = 0;

	path[0] = 0;
	for (const char *p = template; *p && len + 40 < 200;) {
		size_t n = strcspn(p, "/");

		if (strncmp(p, "TENANT", n) == 0 || strncmp(p, "NAME", n) == 0) {
			path[len++] = '{';
			for (size_t i = 0; i < n; i++)
				path[len++] = (char)tolower((unsigned char)p[i]);
			path[len++] = '}';
		} else {
			memcpy(path + len, p, n);
			len += n;
		}
		p += n;
		if (*p)
			path[len++] = *p++;
		path[len] = 0;
	}
}

static void
add_kind(json_t *paths, const char *name, const json_t *kind)
{
	const char *template = json_string_value(json_object_get(kind, "x-path"));
	json_t *schema = json_sprintf("#/components/schemas/%s", name), *item;
	const char *ref = json_string_value(schema);
	char path[200], *last;

	braces(template ? template : "", path);
	item = path_item(paths, path);
	set_operation(item, "GET", operation(path, "", "the object, with its ETag", "200", NULL));
	set_operation(item, "PUT",
		operation(path, "wait", "makes it what the body says; If-Match and If-None-Match hold", "200", ref));
	set_operation(item, "PATCH",
		operation(path, "wait", "changes fields of it (RFC 7396)", "200", "#/components/schemas/any"));
	set_operation(item, "DELETE", operation(path, "wait", "takes it away", "204", NULL));
	last = strstr(path, "/{name}");
	if (last) {
		*last = 0;
		set_operation(path_item(paths, path), "GET",
			operation(path, "limit after", "a page of them; other parameters are fields and their values",
				"200", NULL));
	}
	json_decref(schema);
}

json_t *
openapi(void)
{
	json_t *paths = json_object(), *schemas = json_object(), *kind;
	const char *name;

	for (const struct fixed_route *f = fixed_routes; f->method; f++)
		set_operation(path_item(paths, f->path), f->method,
			operation(f->path, f->query, f->summary, "200", f->body ? "#/components/schemas/any" : NULL));
	json_object_foreach ((json_t *)(uintptr_t)backend_kinds(), name, kind) {
		add_kind(paths, name, kind);
		json_object_set(schemas, name, kind);
	}
	json_object_set_new(schemas, "any", json_pack("{s:s}", "type", "object"));
	json_object_set_new(schemas, "problem",
		json_pack("{s:s, s:[s, s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object",
			"required", "title", "status", "properties", "type", "type", "string", "title", "type",
			"string", "status", "type", "integer", "detail", "type", "string", "field", "type", "string"));
	return json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:o}}", "openapi", "3.1.0", "info", "title", "weft", "version",
		WEFT_VERSION, "paths", paths, "components", "schemas", schemas);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "openapi.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static json_t *
parameter(const char *name, size_t len, const char *in)
{
	json_t *p = json_pack("{s:s%, s:s, s:{s:s}}", "name", name, len, "in", in, "schema", "type", "string");

	if (strcmp(in, "path") == 0)
		json_object_set_new(p, "required", json_true());
	return p;
}

// One method of one path.
struct operation {
	const char *path, *query, *summary;
	const char *headers;  // names, separated by blanks
	const char *ok;	      // the status of success
	const char *type;     // the answer's media type; NULL: JSON, "": it has no body
	const json_t *body;   // the schema of the request's body; NULL: it has none
	const json_t *answer; // the schema of the answer
};

static json_t *
content(const char *type, const json_t *schema)
{
	return json_pack("{s:{s:O}}", type, "schema", schema);
}

static json_t *
reference(const char *name)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}

static json_t *
responses(const struct operation *o)
{
	const char *type = o->type ? o->type : "application/json";
	json_t *ok = json_pack("{s:s}", "description", o->summary), *problem = reference("problem");
	json_t *all = json_pack("{s:o, s:{s:s, s:o}}", o->ok, ok, "default", "description",
		"a problem document (RFC 9457)", "content", content("application/problem+json", problem));

	if (type[0])
		json_object_set_new(ok, "content", content(type, o->answer));
	// A conditional write with a body makes objects that do not exist yet.
	if (o->headers && strcmp(o->ok, "200") == 0 && o->body)
		json_object_set(all, "201", ok);
	json_decref(problem);
	return all;
}

// The parameters of PATH, which stand in braces.
static void
add_path_parameters(json_t *list, const char *path)
{
	for (const char *p = path; (p = strchr(p, '{')) != NULL; p++)
		json_array_append_new(list, parameter(p + 1, strcspn(p + 1, "}"), "path"));
}

static void
add_parameters(json_t *list, const char *names, const char *in)
{
	while (names && *names) {
		size_t len = strcspn(names, " ");

		json_array_append_new(list, parameter(names, len, in));
		names += len + (names[len] == ' ');
	}
}

static json_t *
operation_json(const struct operation *o)
{
	json_t *parameters = json_array();
	json_t *json = json_pack(
		"{s:s, s:o, s:o}", "summary", o->summary, "parameters", parameters, "responses", responses(o));

	add_path_parameters(parameters, o->path);
	add_parameters(parameters, o->query, "query");
	add_parameters(parameters, o->headers, "header");
	if (o->body)
		json_object_set_new(json, "requestBody",
			json_pack("{s:b, s:o}", "required", 1, "content", content("application/json", o->body)));
	return json;
}

static json_t *
path_item(json_t *paths, const char *path)
{
	json_t *key = json_sprintf(path[0] == '/' ? "%s" : "/v1/%s", path),
	       *item = json_object_get(paths, json_string_value(key));

	if (item == NULL) {
		item = json_object();
		json_object_set_new(paths, json_string_value(key), item);
	}
	json_decref(key);
	return item;
}

static void
add(json_t *paths, const char *method, const struct operation *o)
{
	char lower[8] = "";

	for (size_t i = 0; method[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)method[i]);
	json_object_set_new(path_item(paths, o->path), lower, operation_json(o));
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

#define CONDITIONS "If-Match If-None-Match"

static void
add_object(json_t *paths, const char *path, const json_t *schema, const json_t *object)
{
	const struct operation get = { path, "", "the object, with its ETag", "If-None-Match", "200", NULL, NULL,
		schema };
	const struct operation put = { path, "wait", "makes the object what the body says", CONDITIONS, "200", NULL,
		schema, schema };
	const struct operation patch = { path, "wait", "changes fields of the object (RFC 7396)", CONDITIONS, "200",
		NULL, object, schema };
	const struct operation delete = { path, "wait", "deletes the object", CONDITIONS, "204", "", NULL, NULL };

	add(paths, "GET", &get);
	add(paths, "PUT", &put);
	add(paths, "PATCH", &patch);
	add(paths, "DELETE", &delete);
}

static void
add_list(json_t *paths, const char *path, json_t *schema)
{
	json_t *page =
		json_pack("{s:s, s:[s, s], s:{s:{s:s, s:{s:s, s:[s, s, s, s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:O}}}, "
			  "s:{s:s}, s:{s:s}}}",
			"type", "object", "required", "objects", "total", "properties", "objects", "type", "array",
			"items", "type", "object", "required", "key", "name", "etag", "object", "properties", "key",
			"type", "string", "name", "type", "string", "etag", "type", "string", "object", schema, "total",
			"type", "integer", "next", "type", "string");
	const struct operation list = { path, "limit after",
		"a page of the objects; other parameters are fields and their values", NULL, "200", NULL, NULL, page };

	add(paths, "GET", &list);
	json_decref(page);
}

static void
add_kind(json_t *paths, const char *name, const json_t *kind)
{
	const char *template = json_string_value(json_object_get(kind, "x-path"));
	json_t *schema = reference(name), *object = reference("object");
	char path[200], *last;

	braces(template ? template : "", path);
	add_object(paths, path, schema, object);
	last = strstr(path, "/{name}");
	if (last) {
		*last = 0;
		add_list(paths, path, schema);
	}
	json_decref(schema);
	json_decref(object);
}

static void
add_routes(json_t *paths, const struct route *route)
{
	json_t *any = reference("any"), *object = reference("object");

	for (; route->method; route++) {
		const struct operation o = { route->path, route->query, route->summary, route->headers, "200",
			route->type, route->body ? object : NULL, any };

		add(paths, route->method, &o);
	}
	json_decref(any);
	json_decref(object);
}

json_t *
openapi(const struct route *const tables[], const json_t *kinds)
{
	json_t *paths = json_object(), *schemas = json_object(), *kind;
	const char *name;

	for (; *tables; tables++)
		add_routes(paths, *tables);
	json_object_foreach ((json_t *)(uintptr_t)kinds, name, kind) {
		add_kind(paths, name, kind);
		json_object_set(schemas, name, kind);
	}
	json_object_set_new(schemas, "any", json_object());
	json_object_set_new(schemas, "object", json_pack("{s:s}", "type", "object"));
	json_object_set_new(schemas, "problem",
		json_pack("{s:s, s:[s, s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object",
			"required", "title", "status", "properties", "type", "type", "string", "title", "type",
			"string", "status", "type", "integer", "detail", "type", "string", "field", "type", "string"));
	return json_pack("{s:s, s:{s:s, s:s}, s:o, s:[{s:[]}, {s:[]}], s:{s:o, s:{s:{s:s, s:s}, s:{s:s}}}}", "openapi",
		"3.1.0", "info", "title", "weft", "version", WEFT_VERSION, "paths", paths, "security", "token",
		"certificate", "components", "schemas", schemas, "securitySchemes", "token", "type", "http", "scheme",
		"bearer", "certificate", "type", "mutualTLS");
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Objects: below /v1/ they have the places that they have in the policy, and what kinds there are weftd says.
#include "control/rest/http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Whether the request's parts are those of TEMPLATE, such as "tenants/TENANT/ports/NAME": 1, or but for the last: -1;
// or not: 0.
static int
match(const struct request *r, const char *template)
{
	unsigned int i = 1;

	while (*template && i < r->n_parts) {
		size_t len = strcspn(template, "/");
		bool free = strncmp(template, "TENANT", len) == 0 || strncmp(template, "NAME", len) == 0;

		if (!free && (strlen(r->part[i]) != len || strncmp(r->part[i], template, len)))
			return 0;
		template += len + (template[len] == '/');
		i++;
	}
	if (i < r->n_parts)
		return 0;
	return *template == 0 ? 1 : strcmp(template, "NAME") == 0 ? -1 : 0;
}

static const char *
kind_name(const struct request *r)
{
	return json_string_value(json_object_get(r->kind, "title"));
}

static const char *
template_of(const json_t *kind)
{
	const char *path = json_string_value(json_object_get(kind, "x-path"));

	return path ? path : "";
}

// The name that weftd's methods take: "tenant/name", "tenant" or "name".
static json_t *
name_of(const struct request *r)
{
	if (strcmp(r->part[1], "tenants"))
		return json_string(r->part[2]);
	return r->n_parts == 5 ? json_sprintf("%s/%s", r->part[2], r->part[4]) : json_string(r->part[2]);
}

static json_t *
object_params(const struct request *r)
{
	json_t *params = json_pack("{s:s, s:o}", "kind", kind_name(r), "name", name_of(r));
	json_t *expect = NULL;
	size_t len = strlen(r->if_match);

	if (strcmp(r->if_none_match, "*") == 0)
		expect = json_pack("{s:n}", r->key);
	else if (strcmp(r->if_match, "*") == 0)
		expect = json_pack("{s:b}", r->key, 1);
	else if (len > 1 && r->if_match[0] == '"')
		expect = json_pack("{s:s%}", r->key, r->if_match + 1, len - 2);
	else if (len)
		expect = json_pack("{s:s}", r->key, "?");
	if (expect && strcmp(r->method, "GET"))
		json_object_set_new(params, "expect", expect);
	else
		json_decref(expect);
	if (query_true(r, "wait"))
		json_object_set_new(params, "wait", json_true());
	return params;
}

static void
show(struct request *r, json_t *result)
{
	json_t *object = json_incref(json_object_get(result, "object"));

	snprintf(r->etag, sizeof(r->etag), "\"%s\"", json_string_value(json_object_get(result, "etag")));
	json_decref(result);
	if (strcmp(r->method, "GET") == 0 && strcmp(r->if_none_match, r->etag) == 0) {
		json_decref(object);
		http_answer(r, 304, NULL);
		return;
	}
	if (r->created)
		snprintf(r->location, sizeof(r->location), "/v1/%s", r->key);
	http_answer(r, r->created ? 201 : 200, object);
}

static void
get_object(struct request *r)
{
	json_t *params = json_pack("{s:s, s:o, s:b}", "kind", kind_name(r), "name", name_of(r), "etag", 1);

	backend_call(r, "get", params, show);
}

// Writes are answered with what is there then.
static void
wrote(struct request *r, json_t *result)
{
	r->created = json_array_size(json_object_get(result, "added")) > 0;
	json_decref(result);
	get_object(r);
}

// The bundle in which OBJECT, which is taken over, stands at the request's place.
static json_t *
bundle_of(const struct request *r, json_t *object)
{
	for (unsigned int i = r->n_parts - 1; i >= 1; i--)
		object = json_pack("{s:o}", r->part[i], object);
	return object;
}

static void
put_object(struct request *r)
{
	json_t *object = body_object(r), *params;

	if (object == NULL)
		return;
	params = object_params(r);
	json_object_set_new(params, "policy", bundle_of(r, object));
	backend_call(r, "apply", params, wrote);
}

static void
patch_object(struct request *r)
{
	json_t *patch = body_object(r), *params;

	if (patch == NULL)
		return;
	params = object_params(r);
	json_object_set_new(params, "patch", patch);
	backend_call(r, "set", params, wrote);
}

static void
deleted(struct request *r, json_t *result)
{
	json_decref(result);
	http_answer(r, 204, NULL);
}

// Of those who have some tenants only, others' objects are not to be seen, nor hosts.
static bool
may_see_object(struct request *r)
{
	bool in_tenant = strcmp(r->part[1], "tenants") == 0;

	if (sees_all(r) || (in_tenant && may_see(r, r->part[2])))
		return true;
	problem(r, 403, "%s is not one of your tenants", in_tenant ? r->part[2] : "what concerns hosts");
	return false;
}

static void
object(struct request *r)
{
	if (strcmp(r->method, "GET") == 0)
		get_object(r);
	else if (strcmp(r->method, "PUT") == 0)
		put_object(r);
	else if (strcmp(r->method, "PATCH") == 0)
		patch_object(r);
	else if (strcmp(r->method, "DELETE") == 0)
		backend_call(r, "delete", object_params(r), deleted);
	else
		problem(r, 405, "this takes GET, PUT, PATCH and DELETE");
}

static void
listed(struct request *r, json_t *result)
{
	http_answer(r, 200, result);
}

// All other parameters of the query are fields that must have that value.
static void
list(struct request *r)
{
	json_t *where = json_object(), *params = json_pack("{s:s, s:o}", "kind", kind_name(r), "where", where), *value;
	const char *name;

	if (strcmp(r->method, "GET")) {
		json_decref(params);
		problem(r, 405, "this takes GET");
		return;
	}
	if (strcmp(r->part[1], "tenants") == 0)
		json_object_set_new(params, "tenant", json_string(r->part[2]));
	json_object_foreach (r->query, name, value) {
		if (strcmp(name, "limit") == 0)
			json_object_set_new(params, name, json_integer(atoi(json_string_value(value))));
		else if (strcmp(name, "after") == 0)
			json_object_set(params, name, value);
		else
			json_object_set(where, name, value);
	}
	backend_call(r, "list", params, listed);
}

bool
object_route(struct request *r)
{
	const char *name;
	json_t *kind;

	json_object_foreach ((json_t *)(uintptr_t)backend_kinds(), name, kind) {
		int matched = match(r, template_of(kind));
		size_t len = 0;

		if (matched == 0)
			continue;
		r->kind = json_incref(kind);
		for (unsigned int i = 1; i < r->n_parts && len < sizeof(r->key); i++)
			len += (size_t)snprintf(
				r->key + len, sizeof(r->key) - len, "%s%s", i > 1 ? "/" : "", r->part[i]);
		if (!may_see_object(r))
			return true;
		if (matched > 0)
			object(r);
		else
			list(r);
		return true;
	}
	return false;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "control/rest/http/answer.h"
#include "control/rest/http/params.h"
#include "control/rest/http/problem.h"
#include "relay.h"
#include "view.h"

// The object, or the list, that a request is about.
struct target {
	json_t *kind;  // its schema
	char key[256]; // its place in the policy: the path without the version
	bool created;  // the request has made it
};

static const struct target *
target_of(const struct request *r)
{
	return r->own;
}

static void
free_target(void *arg)
{
	struct target *target = arg;

	json_decref(target->kind);
	free(target);
}

// Compares the request's parts with TEMPLATE, such as "tenants/TENANT/ports/NAME". 1: they are an object's; -1: all but the
// name, so a list's; 0: neither.
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
	return json_string_value(json_object_get(target_of(r)->kind, "title"));
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
	const char *key = target_of(r)->key;
	json_t *expect = NULL;
	size_t len = strlen(r->if_match);

	if (strcmp(r->if_none_match, "*") == 0)
		expect = json_pack("{s:n}", key);
	else if (strcmp(r->if_match, "*") == 0)
		expect = json_pack("{s:b}", key, 1);
	else if (len > 1 && r->if_match[0] == '"')
		expect = json_pack("{s:s%}", key, r->if_match + 1, len - 2);
	else if (len)
		expect = json_pack("{s:s}", key, "?");
	if (expect && strcmp(r->method, "GET"))
		json_object_set_new(params, "expect", expect);
	else
		json_decref(expect);
	if (weft_params_flag(r, "wait"))
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
		weft_answer_json(r, 304, NULL);
		return;
	}
	if (target_of(r)->created)
		snprintf(r->location, sizeof(r->location), "/v1/%s", target_of(r)->key);
	weft_answer_json(r, target_of(r)->created ? 201 : 200, object);
}

static void
get_object(struct request *r)
{
	json_t *params = json_pack("{s:s, s:o, s:b}", "kind", kind_name(r), "name", name_of(r), "etag", 1);

	backend_call(r, "get", params, show);
}

// A write is answered with the object as it then is.
static void
wrote(struct request *r, json_t *result)
{
	((struct target *)r->own)->created = json_array_size(json_object_get(result, "added")) > 0;
	json_decref(result);
	get_object(r);
}

// A bundle with OBJECT, which is taken over, at the request's place.
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
	json_t *object = weft_params_body(r), *params;

	if (object == NULL)
		return;
	params = object_params(r);
	json_object_set_new(params, "policy", bundle_of(r, object));
	backend_call(r, "apply", params, wrote);
}

static void
patch_object(struct request *r)
{
	json_t *patch = weft_params_body(r), *params;

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
	weft_answer_json(r, 204, NULL);
}

// Clients with access to some tenants see neither other tenants' objects nor those of no tenant.
static bool
may_see_object(struct request *r)
{
	bool in_tenant = strcmp(r->part[1], "tenants") == 0;

	if (view_sees_all(r->as) || (in_tenant && view_sees(r->as, r->part[2])))
		return true;
	if (in_tenant)
		weft_problem(r, 403, "%s is not one of your tenants", r->part[2]);
	else
		weft_problem(r, 403, "this object belongs to no tenant; you may see tenants' objects only");
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
		weft_problem(r, 405, "this path takes GET, PUT, PATCH and DELETE");
}

// The query's parameters other than limit and after are fields, and the values that they must have.
static void
list(struct request *r)
{
	json_t *where = json_object(), *params = json_pack("{s:s, s:o}", "kind", kind_name(r), "where", where), *value;
	const char *name;

	if (strcmp(r->method, "GET")) {
		json_decref(params);
		weft_problem(r, 405, "this path takes GET only");
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
	backend_call(r, "list", params, relay_result);
}

// Makes KIND the request's. False: there is no memory.
static bool
aim(struct request *r, json_t *kind)
{
	struct target *target = calloc(1, sizeof(*target));
	size_t len = 0;

	if (target == NULL)
		return false;
	target->kind = json_incref(kind);
	for (unsigned int i = 1; i < r->n_parts && len < sizeof(target->key); i++)
		len += (size_t)snprintf(
			target->key + len, sizeof(target->key) - len, "%s%s", i > 1 ? "/" : "", r->part[i]);
	r->own = target;
	r->free_own = free_target;
	return true;
}

bool
objects_answer(struct request *r)
{
	const char *name;
	json_t *kind;

	json_object_foreach ((json_t *)(uintptr_t)backend_kinds(), name, kind) {
		int matched = match(r, template_of(kind));

		if (matched == 0)
			continue;
		if (!aim(r, kind))
			weft_problem(r, 500, "weft-rest has no memory left");
		else if (!may_see_object(r))
			return true;
		else if (matched > 0)
			object(r);
		else
			list(r);
		return true;
	}
	return false;
}

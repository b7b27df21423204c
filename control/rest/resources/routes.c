// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "control/rest/http/answer.h"
#include "control/rest/http/problem.h"
#include "objects.h"
#include "openapi.h"
#include "relay.h"
#include "route.h"
#include "view.h"

#define NOTHING "there is no such path; /v1/openapi.json lists all of them"

static void get_openapi(struct request *r);

static void
get_self(struct request *r)
{
	weft_answer_json(r, 200, json_incref(r->as));
}

static const struct route own_routes[] = {
	{ "GET", "openapi.json", "this document", .view = VIEW_ALL, .run = get_openapi },
	{ "GET", "self", "who you are, and what you may do", .view = VIEW_ALL, .run = get_self },
	{ 0 },
};

static const struct route *const tables[] = {
	own_routes,
	policy_routes,
	state_routes,
	vf_routes,
	event_routes,
	metric_routes,
	NULL,
};

static void
get_openapi(struct request *r)
{
	weft_answer_json(r, 200, openapi(tables, backend_kinds()));
}

// Whether the request's parts, after the version, are those of PATH.
static bool
is_path(const struct request *r, const char *path)
{
	unsigned int i = 1;

	for (; *path && i < r->n_parts; i++) {
		size_t len = strcspn(path, "/");

		if (path[0] != '{' && (strlen(r->part[i]) != len || strncmp(r->part[i], path, len)))
			return false;
		path += len + (path[len] == '/');
	}
	return *path == 0 && i == r->n_parts;
}

static bool
is_utf8(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string != NULL;
}

// Splits the path into parts. False: it is too long, or the version is not v1.
static bool
split(struct request *r)
{
	char *at = r->path;

	while (*at == '/' && r->n_parts < MAX_PARTS) {
		*at++ = 0;
		r->part[r->n_parts++] = at;
		at += strcspn(at, "/");
	}
	return *at == 0 && r->n_parts > 1 && strcmp(r->part[0], "v1") == 0;
}

static void
run(struct request *r, const struct route *route)
{
	r->route = route;
	if (!view_allows(r))
		return;
	if (route->run)
		route->run(r);
	else
		backend_call(r, route->call, json_object(), relay_own_part);
}

// Runs the route of the request's method whose whole path is the request's. False: there is none.
static bool
run_whole_path(struct request *r)
{
	for (const struct route *const *table = tables; *table; table++)
		for (const struct route *route = *table; route->method; route++)
			if (strcmp(route->path, r->path) == 0 && strcmp(route->method, r->method) == 0) {
				run(r, route);
				return true;
			}
	return false;
}

// Runs the route of the request's parts, or ends the request where they are a route's of other methods. False: no route
// has these parts.
static bool
run_parts(struct request *r)
{
	char allowed[32] = "";

	for (const struct route *const *table = tables; *table; table++)
		for (const struct route *route = *table; route->method; route++) {
			if (!is_path(r, route->path))
				continue;
			if (strcmp(route->method, r->method) == 0) {
				run(r, route);
				return true;
			}
			snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), "%s%s",
				allowed[0] ? ", " : "", route->method);
		}
	if (allowed[0])
		weft_problem(r, 405, "this path takes %s", allowed);
	return allowed[0] != 0;
}

void
weft_routes_answer(struct request *r)
{
	if (run_whole_path(r))
		return;
	if (r->bad_text || !is_utf8(r->path))
		weft_problem(r, 400, "the URL is not valid UTF-8");
	else if (!split(r))
		weft_problem(r, 404, NOTHING);
	else if (run_parts(r))
		return;
	else if (backend_kinds() == NULL)
		backend_refuse(r);
	else if (!objects_answer(r))
		weft_problem(r, 404, NOTHING);
}

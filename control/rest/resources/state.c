// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What weftd reports, and what it does besides writing objects.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/rest/http/request.h"

#define PORTS_PAGE "1000" // of the host's ports

// A number in the query or the path; 0 where there is none.
static json_t *
number(const char *text)
{
	return json_integer(text ? strtoll(text, NULL, 10) : 0);
}

static void
done(struct request *r, json_t *result)
{
	http_answer(r, 200, own_part(r, result));
}

// Accepted, and not everywhere yet.
static void
written(struct request *r, json_t *result)
{
	http_answer(r, json_is_true(json_object_get(result, "late")) ? 202 : 200, result);
}

// What all writes take from the query.
static void
add_waiting(const struct request *r, json_t *params)
{
	if (query_true(r, "wait"))
		json_object_set_new(params, "wait", json_true());
	if (query_text(r, "timeout_ms"))
		json_object_set_new(params, "timeout_ms", number(query_text(r, "timeout_ms")));
}

void
post_apply(struct request *r)
{
	json_t *policy = body_object(r), *params;

	if (policy == NULL)
		return;
	params = json_pack("{s:o, s:b, s:b, s:b}", "policy", policy, "dry_run", query_true(r, "dry_run"), "diff",
		query_true(r, "diff"), "prune", query_true(r, "prune"));
	add_waiting(r, params);
	backend_call(r, "apply", params, written);
}

void
get_generation(struct request *r)
{
	json_t *params = json_pack("{s:o}", "generation", number(r->part[2]));

	if (query_text(r, "timeout_ms"))
		json_object_set_new(params, "timeout_ms", number(query_text(r, "timeout_ms")));
	backend_call(r, "wait", params, written);
}

void
get_changes(struct request *r)
{
	backend_call(r, "record", json_pack("{s:o}", "generation", number(r->part[2])), done);
}

void
post_undo(struct request *r)
{
	json_t *params = json_pack("{s:o}", "generation", number(r->part[2]));

	add_waiting(r, params);
	backend_call(r, "undo", params, written);
}

void
get_where(struct request *r)
{
	if (query_text(r, "what"))
		backend_call(r, "where", json_pack("{s:s}", "what", query_text(r, "what")), done);
	else
		problem(r, 400, "what: missing; it is a port's or a VM's name, a MAC or an address");
}

static json_t *
path_name(const struct request *r)
{
	return json_sprintf("%s/%s", r->part[3], r->part[4]);
}

// A page of ports, or of what their plans do.
void
get_ports(struct request *r)
{
	const char *limit = query_text(r, "limit"), *after = query_text(r, "after"), *tenant = query_text(r, "tenant");
	const char *port = query_text(r, "port");
	json_t *params = json_pack("{s:o, s:s*, s:s*, s:s*}", "limit", number(limit ? limit : PORTS_PAGE), "after",
		after, "tenant", tenant, "port", port);

	if (!sees_all(r) && json_array_size(json_object_get(r->as, "tenants")) == 1)
		json_object_set(params, "tenant", json_array_get(json_object_get(r->as, "tenants"), 0));
	backend_call(r, r->route->call, params, done);
}

// Of a port that is on weftd's host.
void
get_port_state(struct request *r)
{
	backend_call(r, "port", json_pack("{s:o}", "port", path_name(r)), written);
}

void
get_network_state(struct request *r)
{
	backend_call(r, "network", json_pack("{s:o}", "network", path_name(r)), written);
}

void
get_function(struct request *r)
{
	backend_call(r, "function", json_pack("{s:s}", "pf", r->part[3]), written);
}

// The body is {count}.
void
post_function(struct request *r)
{
	json_t *params = body_object(r);

	if (params == NULL)
		return;
	json_object_set_new(params, "pf", json_string(r->part[3]));
	backend_call(r, "create_functions", params, written);
}

void
delete_function(struct request *r)
{
	backend_call(r, "destroy_functions", json_pack("{s:s}", "pf", r->part[3]), written);
}

void
get_group_state(struct request *r)
{
	backend_call(r, "group", json_pack("{s:o}", "name", path_name(r)), written);
}

// What has a parameter or two, which weftd takes as they are.
void
get_query(struct request *r)
{
	backend_call(r, r->route->call, json_copy(r->query), done);
}

static json_t *
sessions_query(const struct request *r)
{
	json_t *params = json_copy(r->query);

	if (query_text(r, "limit"))
		json_object_set_new(params, "limit", number(query_text(r, "limit")));
	json_object_set_new(params, "all", json_boolean(query_true(r, "all")));
	return params;
}

void
get_sessions(struct request *r)
{
	backend_call(r, "sessions", sessions_query(r), done);
}

void
kill_sessions(struct request *r)
{
	backend_call(r, "kill_sessions", sessions_query(r), written);
}

void
post_retire(struct request *r)
{
	json_t *params = json_pack("{s:o, s:o}", "name", json_sprintf("%s/%s", r->part[2], r->part[4]), "bar_s",
		number(query_text(r, "bar_s")));

	backend_call(r, "retire", params, written);
}

// The body is {port, to: an address} or {port, frame: in hexadecimal}.
void
post_explain(struct request *r)
{
	json_t *params = body_object(r);
	const char *port = json_string_value(json_object_get(params, "port"));
	char tenant[64] = "default";

	if (params == NULL)
		return;
	if (port && strchr(port, '/'))
		snprintf(tenant, sizeof(tenant), "%.*s", (int)strcspn(port, "/"), port);
	if (may_see(r, tenant)) {
		backend_call(r, "explain", params, written);
		return;
	}
	json_decref(params);
	problem(r, 403, "%s is not one of your tenants", tenant);
}

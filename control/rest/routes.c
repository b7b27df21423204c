// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who answers what: objects by their kinds, and the rest from one table, which openapi.c describes too.
#include "rest.h"

#include <stdlib.h>
#include <string.h>

const char *
query_text(const struct request *r, const char *name)
{
	return json_string_value(json_object_get(r->query, name));
}

bool
query_true(const struct request *r, const char *name)
{
	const char *text = query_text(r, name);

	return text && (strcmp(text, "") == 0 || strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

json_t *
body_object(struct request *r)
{
	json_error_t error;
	json_t *body;

	if (!r->json) {
		problem(r, 415, "send application/json");
		return NULL;
	}
	body = json_loadb(r->body ? r->body : "", r->body_len, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(body))
		return body;
	if (body)
		problem(r, 400, "the body is no JSON object");
	else
		problem(r, 400, "the body is no JSON: line %d, column %d: %s", error.line, error.column, error.text);
	json_decref(body);
	return NULL;
}

// A number in the query or the path; 0 where there is none.
static json_t *
number(const char *text)
{
	return json_integer(text ? strtoll(text, NULL, 10) : 0);
}

static void
done(struct request *r, json_t *result)
{
	http_answer(r, 200, result);
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

static void
get_openapi(struct request *r)
{
	http_answer(r, 200, openapi());
}

static void
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

static void
get_generation(struct request *r)
{
	json_t *params = json_pack("{s:o}", "generation", number(r->part[2]));

	if (query_text(r, "timeout_ms"))
		json_object_set_new(params, "timeout_ms", number(query_text(r, "timeout_ms")));
	backend_call(r, "wait", params, written);
}

static void
get_changes(struct request *r)
{
	backend_call(r, "record", json_pack("{s:o}", "generation", number(r->part[2])), done);
}

static void
post_undo(struct request *r)
{
	json_t *params = json_pack("{s:o}", "generation", number(r->part[2]));

	add_waiting(r, params);
	backend_call(r, "undo", params, written);
}

static void
get_where(struct request *r)
{
	if (query_text(r, "what"))
		backend_call(r, "where", json_pack("{s:s}", "what", query_text(r, "what")), done);
	else
		problem(r, 400, "what: missing; it is a port's or a VM's name, a MAC or an address");
}

// Of a port that is on weftd's host.
static void
get_port_state(struct request *r)
{
	backend_call(r, "port", json_pack("{s:o}", "port", json_sprintf("%s/%s", r->part[3], r->part[4])), done);
}

static void
get_network_state(struct request *r)
{
	backend_call(r, "network", json_pack("{s:o}", "network", json_sprintf("%s/%s", r->part[3], r->part[4])), done);
}

static void
get_group_state(struct request *r)
{
	backend_call(r, "group", json_pack("{s:o}", "name", json_sprintf("%s/%s", r->part[3], r->part[4])), done);
}

static void
get_rules(struct request *r)
{
	backend_call(r, "rules", json_copy(r->query), done);
}

static void
get_sessions(struct request *r)
{
	json_t *params = json_copy(r->query);

	if (query_text(r, "limit"))
		json_object_set_new(params, "limit", number(query_text(r, "limit")));
	backend_call(r, "sessions", params, done);
}

#define WAITING "wait timeout_ms"

const struct fixed_route fixed_routes[] = {
	{ "GET", "openapi.json", "this document", "", false, NULL, get_openapi },
	{ "GET", "status", "what runs, and which generation of the policy is in force", "", false, "status", NULL },
	{ "GET", "policy", "the policy, in the form that apply takes", "", false, "get", NULL },
	{ "POST", "apply", "makes the objects in the body part of the policy, all or none",
		"dry_run diff prune " WAITING, true, NULL, post_apply },
	{ "GET", "generations", "who changed what and when", "", false, "generations", NULL },
	{ "GET", "generations/{generation}", "how far it is on each host; waits until it is applied, or timeout_ms",
		"timeout_ms", false, NULL, get_generation },
	{ "GET", "generations/{generation}/changes", "what it changed", "", false, NULL, get_changes },
	{ "POST", "generations/{generation}/undo", "takes its changes back", WAITING, false, NULL, post_undo },
	{ "GET", "where", "the port that a name, a MAC or an address belongs to, and its host", "what", false, NULL,
		get_where },
	{ "GET", "state/ports", "the ports of this host, with their counters", "", false, "ports", NULL },
	{ "GET", "state/ports/{tenant}/{port}", "a port of this host", "", false, NULL, get_port_state },
	{ "GET", "state/hosts", "the cluster's hosts, and the generations that they apply", "", false, "wait", NULL },
	{ "GET", "state/tunnels", "other hosts, and the ways to them", "", false, "tunnels", NULL },
	{ "GET", "state/networks/{tenant}/{network}", "what keeps the network's ports from each other", "", false, NULL,
		get_network_state },
	{ "GET", "state/groups/{tenant}/{group}", "who is in the group, and where", "", false, NULL, get_group_state },
	{ "GET", "state/rules", "what every rule has let pass or stopped", "name", false, NULL, get_rules },
	{ "GET", "state/sessions", "connections, of a port, an address or in a state", "port address state limit",
		false, NULL, get_sessions },
	{ "GET", "state/fdb", "learned addresses", "", false, "fdb", NULL },
	{ "GET", "state/audit", "whether every packet is accounted for", "", false, "audit", NULL },
	{ "GET", "state/plans", "what ports get of their data plans", "", false, "plans", NULL },
	{ "GET", "state/workers", "the workers' load, stage by stage", "", false, "workers", NULL },
	{ "GET", "state/drops", "dropped packets by port and reason", "", false, "drops", NULL },
	{ 0 },
};

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
is_text(const char *text)
{
	json_t *string = json_string(text);

	json_decref(string);
	return string != NULL;
}

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

void
route(struct request *r)
{
	const char *allowed = NULL;

	if (strcmp(r->path, "/metrics") == 0 && strcmp(r->method, "GET") == 0) {
		metrics(r);
		return;
	}
	if (r->bad_text || !is_text(r->path)) {
		problem(r, 400, "the address is no UTF-8");
		return;
	}
	if (!split(r)) {
		problem(r, 404, "there is nothing here; see /v1/openapi.json");
		return;
	}
	for (const struct fixed_route *f = fixed_routes; f->method; f++) {
		if (!is_path(r, f->path))
			continue;
		if (strcmp(f->method, r->method) == 0) {
			if (f->run)
				f->run(r);
			else
				backend_call(r, f->call, json_object(), done);
			return;
		}
		allowed = f->method;
	}
	if (allowed)
		problem(r, 405, "this takes %s", allowed);
	else if (backend_kinds() == NULL)
		problem(r, 503, "weftd is not there; 'systemctl status weftd' says why");
	else if (!object_route(r))
		problem(r, 404, "there is nothing here; see /v1/openapi.json");
}

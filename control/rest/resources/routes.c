// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who answers what: objects by their kinds, and the rest from one table, which openapi.c describes too.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/rest/http/request.h"

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

static void
done(struct request *r, json_t *result)
{
	http_answer(r, 200, own_part(r, result));
}

static void
get_openapi(struct request *r)
{
	http_answer(r, 200, openapi());
}

static void
get_self(struct request *r)
{
	http_answer(r, 200, json_incref(r->as));
}

#define WAITING	 "wait timeout_ms"
#define SESSIONS "port address state limit all"

const struct fixed_route fixed_routes[] = {
	{ "GET", "openapi.json", "this document", "", VIEW_ALL, false, NULL, get_openapi },
	{ "GET", "self", "who you are, and what you may do", "", VIEW_ALL, false, NULL, get_self },
	{ "GET", "status", "what runs, and which generation of the policy is in force", "", VIEW_ALL, false, "status",
		NULL },
	{ "GET", "policy", "the policy, in the form that apply takes", "", VIEW_OWN, false, "get", NULL },
	{ "POST", "apply", "makes the objects in the body part of the policy, all or none",
		"dry_run diff prune " WAITING, VIEW_ALL, true, NULL, post_apply },
	{ "GET", "generations", "who changed what and when", "", VIEW_OWN, false, "generations", NULL },
	{ "GET", "generations/{generation}", "how far it is on each host; waits until it is applied, or timeout_ms",
		"timeout_ms", VIEW_ALL, false, NULL, get_generation },
	{ "GET", "generations/{generation}/changes", "what it changed", "", VIEW_OWN, false, NULL, get_changes },
	{ "POST", "generations/{generation}/undo", "takes its changes back", WAITING, VIEW_ALL, false, NULL,
		post_undo },
	{ "GET", "events", "what happens, as Server-Sent Events; Last-Event-ID or since resume", "since", VIEW_OWN,
		false, NULL, get_events },
	{ "GET", "where", "the port that a name, a MAC or an address belongs to, and its host", "what", VIEW_OWN, false,
		NULL, get_where },
	{ "POST", "explain", "what would happen to a frame from a port: {port, to} or {port, frame}", "", VIEW_ALL,
		true, NULL, post_explain },
	{ "POST", "tenants/{tenant}/ports/{port}/retire", "closes a port for good, and bars its addresses", "bar_s",
		VIEW_PATH, false, NULL, post_retire },
	{ "GET", "state/ports", "a page of the ports of this host, with their counters", "limit after tenant port",
		VIEW_OWN, false, "ports", get_ports },
	{ "GET", "state/ports/{tenant}/{port}", "a port of this host", "", VIEW_PATH, false, NULL, get_port_state },
	{ "GET", "state/hosts", "the cluster's hosts, and the generations that they apply", "", VIEW_WHOLE, false,
		"wait", NULL },
	{ "GET", "state/tunnels", "other hosts, and the ways to them", "", VIEW_WHOLE, false, "tunnels", NULL },
	{ "GET", "state/uplinks", "devices to the physical network, and what weft takes from shared ones", "",
		VIEW_WHOLE, false, "uplinks", NULL },
	{ "GET", "state/functions", "the host's PFs and VFs, and what keeps one from being polled", "", VIEW_WHOLE,
		false, "functions", NULL },
	{ "GET", "state/functions/{pf}", "a PF with its VFs, and what it enforces for them", "", VIEW_WHOLE, false,
		NULL, get_function },
	{ "POST", "state/functions/{pf}", "makes VFs of a PF that has none: {count}", "", VIEW_WHOLE, true, NULL,
		post_function },
	{ "DELETE", "state/functions/{pf}", "takes the VFs away that weft has made", "", VIEW_WHOLE, false, NULL,
		delete_function },
	{ "GET", "state/networks/{tenant}/{network}", "what keeps the network's ports from each other", "", VIEW_PATH,
		false, NULL, get_network_state },
	{ "GET", "state/groups/{tenant}/{group}", "who is in the group, and where", "", VIEW_PATH, false, NULL,
		get_group_state },
	{ "GET", "state/rules", "what every rule has let pass or stopped", "name", VIEW_OWN, false, "rules",
		get_query },
	{ "GET", "state/sessions", "connections, of a port, an address or in a state", SESSIONS, VIEW_OWN, false, NULL,
		get_sessions },
	{ "DELETE", "state/sessions", "ends connections, of a port, an address or in a state", SESSIONS, VIEW_ALL,
		false, NULL, kill_sessions },
	{ "GET", "state/session_counts", "connections by state, and what the workers' tables hold",
		"port address state", VIEW_WHOLE, false, "session_counts", get_query },
	{ "GET", "state/fdb", "learned addresses", "", VIEW_WHOLE, false, "fdb", NULL },
	{ "GET", "state/audit", "whether every packet is accounted for", "", VIEW_WHOLE, false, "audit", NULL },
	{ "GET", "state/plans", "a page of what ports get of their data plans", "limit after tenant port", VIEW_OWN,
		false, "plans", get_ports },
	{ "GET", "state/workers", "the workers' load, stage by stage", "", VIEW_WHOLE, false, "workers", NULL },
	{ "POST", "state/workers/rebalance", "spreads the ports over the workers anew", "", VIEW_WHOLE, false,
		"rebalance", NULL },
	{ "GET", "state/drops", "dropped packets by port and reason", "port", VIEW_OWN, false, "drops", get_query },
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
	char allowed[32] = "";

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
			r->route = f;
			if (!may_use(r))
				return;
			if (f->run)
				f->run(r);
			else
				backend_call(r, f->call, json_object(), done);
			return;
		}
		snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), "%s%s", allowed[0] ? ", " : "",
			f->method);
	}
	if (allowed[0])
		problem(r, 405, "this takes %s", allowed);
	else if (backend_kinds() == NULL)
		problem(r, 503, "weftd is not there; 'systemctl status weftd' says why");
	else if (!object_route(r))
		problem(r, 404, "there is nothing here; see /v1/openapi.json");
}

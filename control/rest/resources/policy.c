// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Routes about the policy as a whole: bundles, generations, and questions to it. Single objects are in objects.c.
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "control/rest/http/params.h"
#include "control/rest/http/problem.h"
#include "relay.h"
#include "route.h"
#include "view.h"

#define WAITING "wait timeout_ms" // parameters of all writes

static void
add_waiting(const struct request *r, json_t *params)
{
	if (weft_params_flag(r, "wait"))
		json_object_set_new(params, "wait", json_true());
	if (weft_params_text(r, "timeout_ms"))
		json_object_set_new(params, "timeout_ms", relay_number(weft_params_text(r, "timeout_ms")));
}

static void
post_apply(struct request *r)
{
	json_t *policy = weft_params_body(r), *params;

	if (policy == NULL)
		return;
	params = json_pack("{s:o, s:b, s:b, s:b}", "policy", policy, "dry_run", weft_params_flag(r, "dry_run"), "diff",
		weft_params_flag(r, "diff"), "prune", weft_params_flag(r, "prune"));
	add_waiting(r, params);
	backend_call(r, "apply", params, relay_result);
}

static void
get_generation(struct request *r)
{
	json_t *params = json_pack("{s:o}", "generation", relay_number(r->part[2]));

	if (weft_params_text(r, "timeout_ms"))
		json_object_set_new(params, "timeout_ms", relay_number(weft_params_text(r, "timeout_ms")));
	backend_call(r, "wait", params, relay_result);
}

static void
get_changes(struct request *r)
{
	backend_call(r, "record", json_pack("{s:o}", "generation", relay_number(r->part[2])), relay_own_part);
}

static void
post_undo(struct request *r)
{
	json_t *params = json_pack("{s:o}", "generation", relay_number(r->part[2]));

	add_waiting(r, params);
	backend_call(r, "undo", params, relay_result);
}

static void
get_where(struct request *r)
{
	if (weft_params_text(r, "what"))
		backend_call(r, "where", json_pack("{s:s}", "what", weft_params_text(r, "what")), relay_own_part);
	else
		weft_problem(r, 400, "what: missing; give the name of a port or a VM, a MAC or an IP address");
}

static void
post_retire(struct request *r)
{
	json_t *params = json_pack(
		"{s:o, s:o}", "name", relay_name(r, 2, 4), "bar_s", relay_number(weft_params_text(r, "bar_s")));

	backend_call(r, "retire", params, relay_result);
}

// The body is {port, to: an address} or {port, frame: in hexadecimal}.
static void
post_explain(struct request *r)
{
	json_t *params = weft_params_body(r);
	const char *port = json_string_value(json_object_get(params, "port"));
	char tenant[64] = "default";

	if (params == NULL)
		return;
	if (port && strchr(port, '/'))
		snprintf(tenant, sizeof(tenant), "%.*s", (int)strcspn(port, "/"), port);
	if (view_sees(r->as, tenant)) {
		backend_call(r, "explain", params, relay_result);
		return;
	}
	json_decref(params);
	weft_problem(r, 403, "%s is not one of your tenants", tenant);
}

const struct route policy_routes[] = {
	{ "GET", "policy", "the policy, in the form that apply takes", .view = VIEW_OWN, .call = "get" },
	{ "POST", "apply", "makes the objects in the body part of the policy, all of them or none",
		.query = "dry_run diff prune " WAITING, .view = VIEW_ALL, .body = true, .run = post_apply },
	{ "GET", "generations", "who changed what, and when", .view = VIEW_OWN, .call = "generations" },
	{ "GET", "generations/{generation}",
		"how far the generation is on each host; waits until it is applied, at most timeout_ms",
		.query = "timeout_ms", .view = VIEW_ALL, .run = get_generation },
	{ "GET", "generations/{generation}/changes", "what the generation changed", .view = VIEW_OWN,
		.run = get_changes },
	{ "POST", "generations/{generation}/undo", "takes the generation's changes back", .query = WAITING,
		.view = VIEW_ALL, .run = post_undo },
	{ "GET", "where", "the port that has a name, a MAC or an address, and its host", .query = "what",
		.view = VIEW_OWN, .run = get_where },
	{ "POST", "explain", "what would happen to a frame from a port: {port, to} or {port, frame}", .view = VIEW_ALL,
		.body = true, .run = post_explain },
	{ "POST", "tenants/{tenant}/ports/{port}/retire", "closes a port for good, and bars its addresses for bar_s",
		.query = "bar_s", .view = VIEW_TENANT, .run = post_retire },
	{ 0 },
};

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Routes about the state of weftd's host, its connections and its workers.
#include "backend.h"
#include "control/rest/http/params.h"
#include "relay.h"
#include "route.h"
#include "view.h"

#define PORTS_PAGE "1000"			  // ports of one answer, unless the query has a limit
#define SESSIONS   "port address state limit all" // parameters that choose connections

// A page of ports, or of what their plans do.
static void
get_ports(struct request *r)
{
	const char *limit = weft_params_text(r, "limit");
	json_t *tenants = json_object_get(r->as, "tenants");
	json_t *params = json_pack("{s:o, s:s*, s:s*, s:s*}", "limit", relay_number(limit ? limit : PORTS_PAGE),
		"after", weft_params_text(r, "after"), "tenant", weft_params_text(r, "tenant"), "port",
		weft_params_text(r, "port"));

	// Otherwise a page could be empty though later pages have ports of the client's only tenant.
	if (json_array_size(tenants) == 1)
		json_object_set(params, "tenant", json_array_get(tenants, 0));
	backend_call(r, r->route->call, params, relay_own_part);
}

static void
get_port(struct request *r)
{
	backend_call(r, "port", json_pack("{s:o}", "port", relay_name(r, 3, 4)), relay_result);
}

static void
get_network(struct request *r)
{
	backend_call(r, "network", json_pack("{s:o}", "network", relay_name(r, 3, 4)), relay_result);
}

static void
get_group(struct request *r)
{
	backend_call(r, "group", json_pack("{s:o}", "name", relay_name(r, 3, 4)), relay_result);
}

// Passes the query's parameters on as they are.
static void
get_query(struct request *r)
{
	backend_call(r, r->route->call, json_copy(r->query), relay_own_part);
}

static json_t *
sessions_query(const struct request *r)
{
	json_t *params = json_copy(r->query);

	if (weft_params_text(r, "limit"))
		json_object_set_new(params, "limit", relay_number(weft_params_text(r, "limit")));
	json_object_set_new(params, "all", json_boolean(weft_params_flag(r, "all")));
	return params;
}

static void
get_sessions(struct request *r)
{
	backend_call(r, "sessions", sessions_query(r), relay_own_part);
}

static void
delete_sessions(struct request *r)
{
	backend_call(r, "kill_sessions", sessions_query(r), relay_result);
}

const struct route state_routes[] = {
	{ "GET", "status", "what runs, and which generation of the policy is in force", .view = VIEW_ALL,
		.call = "status" },
	{ "GET", "state/ports", "a page of the ports of this host, with their counters",
		.query = "limit after tenant port", .view = VIEW_OWN, .call = "ports", .run = get_ports },
	{ "GET", "state/ports/{tenant}/{port}", "a port of this host", .view = VIEW_TENANT, .run = get_port },
	{ "GET", "state/hosts", "the cluster's hosts, and the generations that they apply", .call = "wait" },
	{ "GET", "state/tunnels", "other hosts, and the paths to them", .call = "tunnels" },
	{ "GET", "state/uplinks", "devices to the physical network, and what weft takes from shared ones",
		.call = "uplinks" },
	{ "GET", "state/networks/{tenant}/{network}", "what keeps the network's ports from reaching each other",
		.view = VIEW_TENANT, .run = get_network },
	{ "GET", "state/groups/{tenant}/{group}", "the group's members, and their hosts", .view = VIEW_TENANT,
		.run = get_group },
	{ "GET", "state/rules", "what each rule has let pass or stopped", .query = "name", .view = VIEW_OWN,
		.call = "rules", .run = get_query },
	{ "GET", "state/sessions", "connections of a port, of an address or in a state", .query = SESSIONS,
		.view = VIEW_OWN, .run = get_sessions },
	{ "DELETE", "state/sessions", "ends connections of a port, of an address or in a state", .query = SESSIONS,
		.view = VIEW_ALL, .run = delete_sessions },
	{ "GET", "state/session_counts", "connections by state, and how full the workers' tables are",
		.query = "port address state", .call = "session_counts", .run = get_query },
	{ "GET", "state/fdb", "learned addresses", .call = "fdb" },
	{ "GET", "state/audit", "whether every packet is accounted for", .call = "audit" },
	{ "GET", "state/plans", "a page of what ports get of their data plans", .query = "limit after tenant port",
		.view = VIEW_OWN, .call = "plans", .run = get_ports },
	{ "GET", "state/workers", "the workers' load, stage by stage", .call = "workers" },
	{ "POST", "state/workers/rebalance", "spreads the ports over the workers again", .call = "rebalance" },
	{ "GET", "state/drops", "dropped packets by port and reason", .query = "port", .view = VIEW_OWN,
		.call = "drops", .run = get_query },
	{ 0 },
};

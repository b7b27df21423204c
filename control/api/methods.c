// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods of weftd's socket.
#include "methods.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "weft/explain.h"

#include "control/base/address.h"
#include "control/change/scope.h"
#include "control/state/state.h"
#include "control/report/firewall.h"
#include "control/report/peers.h"
#include "control/report/plans.h"
#include "control/report/ports.h"
#include "control/report/vf.h"
#include "events.h"
#include "find.h"
#include "frame.h"
#include "hints.h"
#include "merge_patch.h"
#include "schema.h"
#include "vf.h"
#include "write.h"
#include "control/host/shared_uplink.h"

#define NO_METHOD -32601 // JSON-RPC 2.0, section 5.1

static const struct weft_port *
port_param(const json_t *params, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "port"));
	const struct weft_port *port = NULL;
	char path[WEFT_PATH_SIZE];

	if (name == NULL) {
		weft_fail(err, EINVAL, "params.port: missing; it is the name of a port");
		return NULL;
	}
	weft_full_name(name, path);
	port = weft_model_port(weft_ctl.local.model, path);
	if (port && weft_local_has(&weft_ctl.local, port))
		return port;
	if (port)
		weft_fail(err, ENOENT, "port %s is on host %s, and this is %s", path,
			port->host[0] ? port->host : "none", weft_ctl.local.host);
	else
		weft_fail(err, ENOENT, "there is no port %s; see 'weftctl port list'", path);
	return NULL;
}

static json_t *
do_status(const json_t *params, struct weft_error *err)
{
	(void)params, (void)err;
	return weft_report_status();
}

static json_t *
do_ports(const json_t *params, struct weft_error *err)
{
	(void)err;
	return weft_report_ports(params);
}

static json_t *
do_port(const json_t *params, struct weft_error *err)
{
	const struct weft_port *port = port_param(params, err);
	json_t *result = port ? weft_report_port(port) : NULL;

	if (result)
		json_object_set_new(result, "hints", weft_hints(port));
	return result;
}

static json_t *
do_workers(const json_t *params, struct weft_error *err)
{
	(void)params, (void)err;
	return weft_report_workers();
}

static json_t *
do_drops(const json_t *params, struct weft_error *err)
{
	if (json_object_get(params, "port")) {
		const struct weft_port *port = port_param(params, err);

		return port ? weft_report_drops(port->o.path) : NULL;
	}
	return weft_report_drops(NULL);
}

static json_t *
do_audit(const json_t *params, struct weft_error *err)
{
	(void)params;
	return weft_report_audit(err);
}

static json_t *
do_fdb(const json_t *params, struct weft_error *err)
{
	(void)params, (void)err;
	return weft_report_fdb();
}

static json_t *
do_uplinks(const json_t *params, struct weft_error *err)
{
	(void)params, (void)err;
	return weft_wire_report(&weft_ctl.local);
}

static json_t *
do_state_hash(const json_t *params, struct weft_error *err)
{
	(void)params, (void)err;
	return json_sprintf("%016llx", (unsigned long long)weft_engine_state_hash());
}

static json_t *
do_explain(const json_t *params, struct weft_error *err)
{
	const char *hex = json_string_value(json_object_get(params, "frame"));
	const char *to = json_string_value(json_object_get(params, "to"));
	const struct weft_port *port = port_param(params, err);
	struct weft_explain explain;
	uint8_t frame[WEFT_FRAME_MAX];
	json_t *steps, *result;
	int len, ret;

	if (port == NULL)
		return NULL;
	if (!hex == !to) {
		weft_fail(err, EINVAL, "params: give either frame, in hexadecimal, or to, a MAC or an address");
		return NULL;
	}
	if (weft_port_is_passed_through(port)) {
		weft_fail(err, EOPNOTSUPP, "port %s: its VF is passed through, and no packet of it passes weft",
			port->o.path);
		return NULL;
	}
	len = hex ? weft_frame_from_hex(hex, frame, err) : weft_frame_build(port, to, frame, err);
	if (len < 0)
		return NULL;
	ret = weft_engine_explain(weft_placement_find(weft_ctl.local.placement, port->o.path), frame, len, &explain);
	if (ret) {
		weft_fail(err, -ret, "port %s: cannot explain: %s", port->o.path, strerror(-ret));
		return NULL;
	}
	steps = json_array();
	for (unsigned int i = 0; i < explain.n_steps; i++)
		json_array_append_new(steps,
			json_pack("{s:s, s:s}", "stage", explain.step[i].stage, "decision", explain.step[i].text));
	result = json_pack("{s:s, s:i, s:i, s:o}", "port", port->o.path, "length", len, "outputs", explain.n_outputs,
		"steps", steps);
	json_object_set_new(result, "verdict", json_string(explain.n_outputs ? "delivered" : "dropped"));
	if (explain.dropped)
		json_object_set_new(result, "drop", json_string(weft_drop_name(explain.reason)));
	return result;
}

static json_t *
do_rebalance(const json_t *params, struct weft_error *err)
{
	struct weft_local *local = &weft_ctl.local;
	unsigned int moved;

	(void)params;
	if (local->prepared) {
		weft_fail(err, EBUSY, "a generation is being applied; try again in a moment");
		return NULL;
	}
	moved = weft_placement_rebalance(local->placement, weft_engine_n_workers());
	if (moved && weft_local_republish(local, true, err))
		return NULL;
	return json_pack("{s:i}", "moved", moved);
}

// Methods that are answered at once have RUN, the others START.
static const struct {
	const char *name;
	bool changes;
	bool whole; // the host, not one of its ports
	json_t *(*run)(const json_t *params, struct weft_error *err);
	void (*start)(struct weft_call *call, const json_t *params);
} methods[] = {
	{ "status", false, false, do_status, NULL },
	{ "ports", false, false, do_ports, NULL },
	{ "port", false, false, do_port, NULL },
	{ "workers", false, false, do_workers, NULL },
	{ "drops", false, false, do_drops, NULL },
	{ "audit", false, false, do_audit, NULL },
	{ "fdb", false, false, do_fdb, NULL },
	{ "explain", false, false, do_explain, NULL },
	{ "state_hash", false, false, do_state_hash, NULL },
	{ "sessions", false, false, weft_report_sessions, NULL },
	{ "session_counts", false, false, weft_report_session_counts, NULL },
	{ "kill_sessions", true, false, weft_kill_sessions, NULL },
	{ "rules", false, false, weft_report_rules, NULL },
	{ "group", false, false, weft_report_group, NULL },
	{ "network", false, false, weft_report_network, NULL },
	{ "tunnels", false, false, weft_report_tunnels, NULL },
	{ "uplinks", false, false, do_uplinks, NULL },
	{ "functions", false, false, weft_report_functions, NULL },
	{ "function", false, false, weft_report_function, NULL },
	{ "create_functions", true, true, weft_vf_create, NULL },
	{ "destroy_functions", true, true, weft_vf_destroy, NULL },
	{ "plans", false, false, weft_report_plans, NULL },
	{ "rebalance", true, true, do_rebalance, NULL },
	{ "get", false, false, NULL, weft_policy_get },
	{ "list", false, false, NULL, weft_policy_list },
	{ "schema", false, false, NULL, weft_policy_schema },
	{ "where", false, false, NULL, weft_policy_where },
	{ "wait", false, false, NULL, weft_policy_wait },
	{ "generations", false, false, NULL, weft_policy_generations },
	{ "record", false, false, NULL, weft_policy_record },
	{ "apply", true, false, NULL, weft_policy_apply },
	{ "set", true, false, NULL, weft_policy_set },
	{ "delete", true, false, NULL, weft_policy_delete },
	{ "undo", true, false, NULL, weft_policy_undo },
	{ "retire", true, false, NULL, weft_policy_retire },
	{ "events", false, false, NULL, weft_events_wait },
};

static bool
may_act(const struct weft_call *call, bool whole, const json_t *params)
{
	return whole ? weft_scope_all(call->scope)
		     : weft_scope_port(call->scope, json_string_value(json_object_get(params, "port")));
}

void
weft_method_run(struct weft_call *call, const char *method, const json_t *params, bool may_change)
{
	struct weft_error err = { "" };
	unsigned int i = 0;
	json_t *result;

	while (i < RTE_DIM(methods) && strcmp(methods[i].name, method))
		i++;
	if (i == RTE_DIM(methods)) {
		weft_fail(&err, ENOSYS, "there is no method \"%.64s\"", method);
		weft_call_error(call, NO_METHOD, &err);
	} else if (methods[i].changes && !may_change) {
		weft_fail(&err, EPERM,
			"%s: only root, weftd's own user and the group \"socket_group\" may change things", method);
		weft_call_error(call, WEFT_FORBIDDEN, &err);
	} else if (methods[i].start) {
		methods[i].start(call, params);
	} else if (methods[i].changes && !may_act(call, methods[i].whole, params)) {
		weft_fail(&err, EPERM, "%s: is not for your role, or not for your tenants", method);
		weft_call_error(call, WEFT_FORBIDDEN, &err);
	} else {
		errno = 0;
		result = methods[i].run(params, &err);
		if (result)
			weft_call_result(call, result);
		else
			weft_call_error(call, errno == ENOENT ? WEFT_MISSING : WEFT_REJECTED, &err);
	}
}

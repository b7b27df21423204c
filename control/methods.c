// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods of weftd's socket.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "weft/explain.h"

#include "address.h"
#include "state.h"

// JSON-RPC 2.0 leaves -32000 to -32099 to the server.
#define NO_METHOD -32601
#define REJECTED  -32000
#define FORBIDDEN -32001

void
weft_full_name(const char *name, char path[WEFT_PATH_SIZE])
{
	snprintf(path, WEFT_PATH_SIZE, strchr(name, '/') ? "%s" : "default/%s", name);
}

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
	if (ctl.model)
		port = weft_model_port(ctl.model, path);
	if (port == NULL)
		weft_fail(err, ENOENT, "there is no port %s; see 'weftctl port list'", path);
	return port;
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
	(void)params, (void)err;
	return weft_report_ports();
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

		return port ? weft_report_drops(port->path) : NULL;
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
do_get(const json_t *params, struct weft_error *err)
{
	(void)params, (void)err;
	return ctl.model ? json_deep_copy(ctl.model->tree) : json_pack("{s:{}}", "tenants");
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
	len = hex ? weft_frame_from_hex(hex, frame, err) : weft_frame_build(port, to, frame, err);
	if (len < 0)
		return NULL;
	ret = weft_engine_explain(weft_placement_find(&ctl.placement, port->path), frame, len, &explain);
	if (ret) {
		weft_fail(err, -ret, "port %s: cannot explain: %s", port->path, strerror(-ret));
		return NULL;
	}
	steps = json_array();
	for (unsigned int i = 0; i < explain.n_steps; i++)
		json_array_append_new(steps,
			json_pack("{s:s, s:s}", "stage", explain.step[i].stage, "decision", explain.step[i].text));
	result = json_pack("{s:s, s:i, s:i, s:o}", "port", port->path, "length", len, "outputs", explain.n_outputs,
		"steps", steps);
	json_object_set_new(result, "verdict", json_string(explain.n_outputs ? "delivered" : "dropped"));
	if (explain.dropped)
		json_object_set_new(result, "drop", json_string(weft_drop_name(explain.reason)));
	return result;
}

static json_t *
do_apply(const json_t *params, struct weft_error *err)
{
	json_t *changes = NULL;
	bool dry_run = json_is_true(json_object_get(params, "dry_run"));

	if (weft_apply(json_object_get(params, "policy"), dry_run ? WEFT_APPLY_DRY_RUN : WEFT_APPLY, &changes, err))
		return NULL;
	json_object_set_new(changes, "version", json_integer(ctl.version));
	json_object_set_new(changes, "dry_run", json_boolean(dry_run));
	return changes;
}

static json_t *
do_rebalance(const json_t *params, struct weft_error *err)
{
	unsigned int moved = weft_placement_rebalance(&ctl.placement, weft_engine_n_workers());

	(void)params;
	if (moved && ctl.model && weft_republish(err))
		return NULL;
	return json_pack("{s:i}", "moved", moved);
}

static const struct {
	const char *name;
	bool changes;
	json_t *(*run)(const json_t *params, struct weft_error *err);
} methods[] = {
	{ "status", false, do_status },
	{ "ports", false, do_ports },
	{ "port", false, do_port },
	{ "workers", false, do_workers },
	{ "drops", false, do_drops },
	{ "audit", false, do_audit },
	{ "fdb", false, do_fdb },
	{ "get", false, do_get },
	{ "explain", false, do_explain },
	{ "state_hash", false, do_state_hash },
	{ "apply", true, do_apply },
	{ "rebalance", true, do_rebalance },
};

json_t *
weft_method_call(const char *method, const json_t *params, bool may_change, int *code, struct weft_error *err)
{
	for (unsigned int i = 0; i < RTE_DIM(methods); i++) {
		if (strcmp(methods[i].name, method))
			continue;
		*code = REJECTED;
		if (!methods[i].changes || may_change)
			return methods[i].run(params, err);
		*code = FORBIDDEN;
		weft_fail(err, EPERM,
			"%s: only root, weftd's own user and the group \"socket_group\" may change things", method);
		return NULL;
	}
	*code = NO_METHOD;
	weft_fail(err, ENOSYS, "there is no method \"%.64s\"", method);
	return NULL;
}

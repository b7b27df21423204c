// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "methods.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "control/change/scope.h"
#include "control/report/books.h"
#include "control/report/fdb.h"
#include "control/report/firewall.h"
#include "control/report/network.h"
#include "control/report/peers.h"
#include "control/report/pf.h"
#include "control/report/plans.h"
#include "control/report/ports.h"
#include "control/report/sessions.h"
#include "control/report/status.h"
#include "control/report/uplinks.h"
#include "control/report/workers.h"
#include "events.h"
#include "explain.h"
#include "find.h"
#include "merge_patch.h"
#include "read.h"
#include "rebalance.h"
#include "schema.h"
#include "vf.h"
#include "write.h"

// The effect of a method, which decides who may call it.
enum effect {
	READS,		// every client
	CHANGES_POLICY, // clients that may change things; the store checks each object against the call's scope
	CHANGES_PORT,	// the same, if the call's scope includes the port params.port
	CHANGES_HOST,	// the same, if the call's scope includes the whole host
};

// One row per method. RUN returns the result, or NULL with errno and ERR; START ends the call by itself, now or later.
static const struct {
	const char *name;
	enum effect effect;
	json_t *(*run)(const json_t *params, struct weft_error *err);
	void (*start)(struct weft_call *call, const json_t *params);
} methods[] = {
	{ "status", READS, .run = weft_report_status },
	{ "ports", READS, .run = weft_report_ports },
	{ "port", READS, .run = weft_report_port },
	{ "workers", READS, .run = weft_report_workers },
	{ "drops", READS, .run = weft_report_drops },
	{ "audit", READS, .run = weft_report_audit },
	{ "fdb", READS, .run = weft_report_fdb },
	{ "state_hash", READS, .run = weft_report_state_hash },
	{ "sessions", READS, .run = weft_report_sessions },
	{ "session_counts", READS, .run = weft_report_session_counts },
	{ "rules", READS, .run = weft_report_rules },
	{ "group", READS, .run = weft_report_group },
	{ "network", READS, .run = weft_report_network },
	{ "tunnels", READS, .run = weft_report_tunnels },
	{ "uplinks", READS, .run = weft_report_uplinks },
	{ "functions", READS, .run = weft_report_functions },
	{ "function", READS, .run = weft_report_function },
	{ "plans", READS, .run = weft_report_plans },
	{ "explain", READS, .run = weft_api_explain },
	{ "get", READS, .start = weft_api_get },
	{ "list", READS, .start = weft_api_list },
	{ "where", READS, .start = weft_api_find },
	{ "schema", READS, .start = weft_api_schema },
	{ "wait", READS, .start = weft_api_wait },
	{ "generations", READS, .start = weft_api_generations },
	{ "record", READS, .start = weft_api_record },
	{ "events", READS, .start = weft_api_events },
	{ "apply", CHANGES_POLICY, .start = weft_api_apply },
	{ "set", CHANGES_POLICY, .start = weft_api_set },
	{ "delete", CHANGES_POLICY, .start = weft_api_delete },
	{ "undo", CHANGES_POLICY, .start = weft_api_undo },
	{ "retire", CHANGES_POLICY, .start = weft_api_retire },
	{ "kill_sessions", CHANGES_PORT, .run = weft_report_kill_sessions },
	{ "create_functions", CHANGES_HOST, .run = weft_api_vf_create },
	{ "destroy_functions", CHANGES_HOST, .run = weft_api_vf_destroy },
	{ "rebalance", CHANGES_HOST, .run = weft_api_rebalance },
};

static bool
is_in_scope(const json_t *scope, enum effect effect, const json_t *params)
{
	switch (effect) {
	case CHANGES_PORT:
		return weft_scope_port(scope, json_string_value(json_object_get(params, "port")));
	case CHANGES_HOST:
		return weft_scope_all(scope);
	default:
		return true;
	}
}

static void
run(unsigned int i, struct weft_call *call, const json_t *params)
{
	struct weft_error err = { "" };
	json_t *result;

	errno = 0;
	result = methods[i].run(params, &err);
	if (result)
		weft_call_result(call, result);
	else
		weft_call_error(call, errno == ENOENT ? WEFT_CALL_MISSING : WEFT_CALL_REJECTED, &err);
}

void
weft_method_run(struct weft_call *call, const char *method, const json_t *params, bool may_change)
{
	struct weft_error err;
	unsigned int i = 0;

	while (i < RTE_DIM(methods) && strcmp(methods[i].name, method))
		i++;
	if (i == RTE_DIM(methods)) {
		weft_fail(&err, ENOSYS, "there is no method \"%.64s\"", method);
		weft_call_error(call, WEFT_CALL_NO_METHOD, &err);
	} else if (methods[i].effect != READS && !may_change) {
		weft_fail(&err, EPERM,
			"%s: only root, weftd's own user and members of the group \"socket_group\" may change things",
			method);
		weft_call_error(call, WEFT_CALL_FORBIDDEN, &err);
	} else if (!is_in_scope(call->scope, methods[i].effect, params)) {
		weft_fail(&err, EPERM, "%s: your role or your tenants do not allow it", method);
		weft_call_error(call, WEFT_CALL_FORBIDDEN, &err);
	} else if (methods[i].start) {
		methods[i].start(call, params);
	} else {
		run(i, call, params);
	}
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "status.h"

#include <unistd.h>

#include <rte_version.h>

#include "control/compile/refcount.h"
#include "control/state/state.h"

struct port_count {
	unsigned int n, up;
};

static void
count_port(void *arg, const struct weft_port *port)
{
	struct port_count *count = arg;
	struct weft_io_status io;

	weft_engine_port_status(weft_placement_find(weft_ctl.local.placement, port->o.path), &io);
	count->n++;
	count->up += io.link;
}

json_t *
weft_report_status(const json_t *params, struct weft_error *err)
{
	struct port_count count = { 0 };
	json_t *status;

	(void)params, (void)err;
	weft_local_each(&weft_ctl.local, count_port, &count);
	status = json_pack("{s:s, s:s, s:i, s:I, s:s, s:I, s:I, s:b, s:i, s:i, s:i, s:i, s:i, s:b, s:I, s:I}",
		"version", WEFT_VERSION, "dpdk", rte_version(), "pid", (int)getpid(), "started_us", weft_ctl.start_us,
		"host", weft_ctl.local.host, "generation", weft_ctl.local.generation, "policy_version",
		weft_ctl.local.version, "settled", weft_local_settled(&weft_ctl.local), "workers",
		weft_engine_n_workers(), "networks", weft_model_count(weft_ctl.local.model, &weft_kind_network),
		"ports", count.n, "ports_up", count.up, "ports_failed", (int)json_object_size(weft_ctl.local.failed),
		"fenced", weft_engine_fenced(), "policy_memory_bytes", (json_int_t)weft_refcount_used(),
		"policy_memory_budget", (json_int_t)weft_ctl.local.budget);
	json_object_set_new(status, "generation_since_us", json_integer((json_int_t)weft_ctl.local.in_force_us));
	json_object_set_new(status, "clients", json_integer(weft_ctl.clients));
	json_object_set_new(status, "clients_ended", json_integer((json_int_t)weft_ctl.clients_ended));
	weft_ctl.store->status(status);
	return status;
}

json_t *
weft_report_state_hash(const json_t *params, struct weft_error *err)
{
	(void)params, (void)err;
	return json_sprintf("%016llx", (unsigned long long)weft_engine_state_hash());
}

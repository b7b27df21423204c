// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "plans.h"

#include "control/host/uplink_rate.h"
#include "control/compile/plans.h"
#include "control/state/state.h"
#include "select.h"

// One direction of a port's plan. Bytes and packets only grow: a rate is their difference over that of time_us.
static json_t *
limits_json(const struct weft_plan_limits *limits, uint32_t frame, uint64_t bytes, uint64_t packets)
{
	json_t *row = json_pack("{s:I, s:I}", "bytes", (json_int_t)bytes, "packets", (json_int_t)packets);

	if (limits->rate) {
		json_object_set_new(row, "rate", json_integer((json_int_t)limits->rate));
		json_object_set_new(row, "burst", json_integer(weft_plan_burst(limits, frame)));
	}
	if (limits->pps)
		json_object_set_new(row, "pps", json_integer((json_int_t)limits->pps));
	return row;
}

static void
add_queue(json_t *row, const struct weft_port_plan *compiled, const struct weft_plan_stats *stats, double us)
{
	json_object_set_new(row, "queue_bytes", json_integer(compiled ? compiled->to_vm.queue : 0));
	json_object_set_new(row, "waiting_packets", json_integer((json_int_t)stats->n));
	json_object_set_new(row, "waiting_bytes", json_integer((json_int_t)stats->bytes));
	json_object_set_new(row, "waited_us", json_integer((json_int_t)(stats->waited / us)));
	json_object_set_new(row, "longest_wait_us", json_integer((json_int_t)(stats->longest / us)));
	json_object_set_new(row, "marked", json_integer((json_int_t)stats->marked));
	json_object_set_new(row, "dropped", json_integer((json_int_t)stats->dropped));
}

static void
add_port(void *arg, const struct weft_port *port)
{
	static const struct weft_plan none = { .dscp = -1 };
	const struct weft_plan *named = weft_model_port_plan(weft_ctl.local.model, port), *plan = named ? named : &none;
	uint16_t slot = weft_placement_find(weft_ctl.local.placement, port->o.path);
	const struct weft_port_conf *conf = weft_snapshot_slot(weft_engine_snapshot(), slot);
	double us = weft_ctl.local.tsc_hz / 1e6;
	struct weft_plan_stats stats;
	struct weft_port_stats counters;
	json_t *from, *to, *row;

	if (slot == 0 || (named == NULL && conf->bucket == 0))
		return;
	weft_engine_plan_stats(slot, &stats);
	weft_engine_port_stats(slot, &counters);
	from = limits_json(&plan->from_vm, weft_frame_of(conf->mtu), counters.rx_bytes, counters.rx);
	to = limits_json(&plan->to_vm, weft_frame_of(conf->mtu), counters.tx_bytes, counters.tx);
	json_object_set_new(from, "throttled_us", json_integer((json_int_t)(stats.throttled / us)));
	json_object_set_new(from, "tenant_us", json_integer((json_int_t)(stats.tenant / us)));
	json_object_set_new(from, "uplink_us", json_integer((json_int_t)(stats.uplink / us)));
	if (plan->min_rate)
		json_object_set_new(from, "min_rate", json_integer((json_int_t)plan->min_rate));
	json_object_set_new(from, "weight", json_integer(named ? plan->weight : WEFT_WEIGHT_DEFAULT));
	add_queue(to, conf->plan, &stats, us);
	row = json_pack("{s:s, s:s, s:o, s:o}", "port", port->o.path, "plan", named ? named->o.path : "", "from_vm",
		from, "to_vm", to);
	if (conf->bucket)
		json_object_set_new(row, "tenant_rate",
			json_integer((json_int_t)weft_ctl.local.placement->bucket[conf->bucket].limit));
	if (plan->dscp >= 0)
		json_object_set_new(row, "dscp", json_integer(plan->dscp));
	json_array_append_new(arg, row);
}

// The tenants with a rate, and how much of it this host may use now, in bits per second.
static json_t *
tenants_json(void)
{
	const struct weft_placement *placement = weft_ctl.local.placement;
	json_t *rows = json_array();

	for (const struct weft_bucket *b = placement->buckets; b; b = b->hh.next) {
		struct weft_bucket_counts counts;

		weft_engine_bucket_counts((uint16_t)(b - placement->bucket), &counts);
		if (b->limit)
			json_array_append_new(
				rows, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "tenant", b->tenant, "rate",
					      (json_int_t)b->limit, "here", (json_int_t)b->now, "isolated",
					      (json_int_t)b->fenced, "bytes", (json_int_t)counts.bytes, "waits",
					      (json_int_t)counts.waits));
	}
	return rows;
}

// The uplink in use, which the ports share; NULL if it has no rate.
static json_t *
uplink_json(void)
{
	const struct weft_placement *placement = weft_ctl.local.placement;
	uint64_t rate = weft_uplink_rate(&weft_ctl.local);
	const struct weft_port_conf *conf;
	struct weft_bucket_counts counts;
	struct weft_plan_stats queue;
	json_t *row;
	struct weft_port_stats stats;

	if (rate == 0)
		return NULL;
	weft_engine_plan_stats(placement->uplink, &queue);
	weft_engine_bucket_counts(WEFT_BUCKET_UPLINK, &counts);
	weft_engine_port_stats(placement->uplink, &stats);
	row = json_pack("{s:s, s:I, s:I, s:I, s:I}", "port", placement->place[placement->uplink].path, "rate",
		(json_int_t)rate, "guaranteed", (json_int_t)weft_uplink_guaranteed(&weft_ctl.local), "bytes",
		(json_int_t)stats.tx_bytes, "waits", (json_int_t)counts.waits);
	conf = weft_snapshot_slot(weft_engine_snapshot(), placement->uplink);
	add_queue(row, conf->plan, &queue, weft_ctl.local.tsc_hz / 1e6);
	return row;
}

json_t *
weft_report_plans(const json_t *params, struct weft_error *err)
{
	json_t *rows = json_array();
	const char *next;

	(void)err;
	next = weft_select_ports(params, add_port, rows);
	return json_pack("{s:I, s:o, s:o, s:o*, s:s*}", "time_us",
		(json_int_t)(rte_rdtsc() / (weft_ctl.local.tsc_hz / 1e6)), "ports", rows, "tenants", tenants_json(),
		"uplink", uplink_json(), "next", next);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What weftd says of itself: status, ports, workers, drops, the books.
#include "ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_version.h>

#include "weft/engine.h"
#include "weft/fdb.h"

#include "control/base/address.h"
#include "control/compile/refcount.h"
#include "control/state/state.h"
#include "page.h"
#include "vf.h"

#define MAX_FDB_ROWS 65536

static const char *const tagging_names[] = { "access", "trunk", "uplink", "qinq", "host" };
static const char *const attach_names[] = { "vhost-user", "eth", "gateway", "vf" };

// The port's counters since it got its slot.
static void
read_stats(uint16_t slot, struct weft_port_stats *stats)
{
	const uint64_t *before = (const uint64_t *)&weft_ctl.local.placement->place[slot].before;
	uint64_t *now = (uint64_t *)stats;

	weft_engine_port_stats(slot, stats);
	for (unsigned int i = 0; i < sizeof(*stats) / sizeof(*now); i++)
		now[i] -= before[i];
}

static uint64_t
sum_drops(const struct weft_port_stats *stats)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < WEFT_N_DROPS; i++)
		sum += stats->drop[i];
	return sum;
}

static json_t *
drops_by_name(const struct weft_port_stats *stats)
{
	json_t *drops = json_object();

	for (unsigned int i = 0; i < WEFT_N_DROPS; i++)
		if (stats->drop[i])
			json_object_set_new(drops, weft_drop_name(i), json_integer(stats->drop[i]));
	return drops;
}

static json_t *
counters(const struct weft_port_stats *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rx_packets", s->rx,
		"rx_bytes", s->rx_bytes, "tx_packets", s->tx, "tx_bytes", s->tx_bytes, "tx_lost", s->tx_lost, "created",
		s->created, "sent", s->sent, "taken", s->taken, "dropped", sum_drops(s), "macs_learned", s->learned,
		"macs_moved", s->moved, "macs_refused", s->not_learned);
}

static const char *
state_of(const struct weft_port *port, const struct weft_port_conf *conf)
{
	if (port->state == WEFT_PORT_UP && conf->gen && !conf->up)
		return "standby";
	if (port->state == WEFT_PORT_UP && conf->fence_all && weft_engine_fenced())
		return "fenced";
	return port->state == WEFT_PORT_UP ? "up" : port->state == WEFT_PORT_DOWN ? "down" : "quarantined";
}

static json_t *
where_vf(const struct weft_port *port)
{
	return json_sprintf("VF %u of %s", port->attach.index, port->attach.pf);
}

// No packet of it passes weft: its PF counts.
static json_t *
report_passed_through(const struct weft_port *port)
{
	const struct weft_network *network = weft_model_port_network(weft_ctl.local.model, port);
	json_t *failed = json_object_get(weft_ctl.local.failed, port->o.path), *vf = weft_report_vf(port), *result;
	char mac[WEFT_MAC_TEXT];

	if (failed == NULL)
		failed = json_object_get(vf, "error");
	weft_mac_format(port->mac, mac);
	result = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:o, s:{}}", "name", port->o.path, "network",
		network->o.path, "state", state_of(port, weft_snapshot_slot(weft_engine_snapshot(), 0)), "link",
		failed ? "down" : "up", "mac", mac, "attach", "vf", "where", where_vf(port), "mtu", network->mtu,
		"counters", weft_report_vf_counters(port), "drops");
	if (failed)
		json_object_set(result, "error", failed);
	json_object_set_new(result, "vf", vf);
	return result;
}

// What passes a gateway is counted at the uplink.
static json_t *
report_gateway(const struct weft_port *port)
{
	const struct weft_placement *placement = weft_ctl.local.placement;
	const struct weft_network *network = weft_model_port_network(weft_ctl.local.model, port);
	struct weft_io_status io = { 0 };

	if (placement->uplink)
		weft_engine_port_status(placement->uplink, &io);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:{}, s:{}}", "name", port->o.path, "network",
		network ? network->o.path : "", "state", state_of(port, weft_snapshot_slot(weft_engine_snapshot(), 0)),
		"link", io.link ? "up" : "down", "attach", "gateway", "where",
		json_sprintf("VLAN %u on %s", port->attach.vlan,
			placement->uplink ? placement->place[placement->uplink].path : "no uplink"),
		"mtu", network ? network->mtu : 0, "counters", "drops");
}

// What the device's hardware carries of what the port sends; or why it carries nothing.
static json_t *
offload_json(uint16_t slot, const struct weft_io_status *io)
{
	struct weft_offload_counts counts;

	if (io->device == WEFT_NO_DEVICE)
		return NULL;
	weft_engine_offload_counts(slot, &counts);
	return json_pack("{s:b, s:i, s:I, s:I, s:s*}", "possible", io->offload == NULL, "flows", (int)counts.flows,
		"packets", (json_int_t)counts.packets, "bytes", (json_int_t)counts.bytes, "why", io->offload);
}

json_t *
weft_report_port(const struct weft_port *port)
{
	uint16_t slot = weft_placement_find(weft_ctl.local.placement, port->o.path);
	const struct weft_place *place = &weft_ctl.local.placement->place[slot];
	const struct weft_network *network = weft_model_port_network(weft_ctl.local.model, port);
	const struct weft_port_conf *conf = weft_snapshot_slot(weft_engine_snapshot(), slot);
	struct weft_io_status io;
	struct weft_port_stats stats;
	struct weft_port_sessions sessions;
	char socket[600] = "", mac[WEFT_MAC_TEXT] = "";
	json_t *result;

	if (port->attach.type == WEFT_ATTACH_GATEWAY)
		return report_gateway(port);
	if (weft_port_is_passed_through(port))
		return report_passed_through(port);
	weft_engine_port_status(slot, &io);
	read_stats(slot, &stats);
	if (port->mac)
		weft_mac_format(port->mac, mac);
	if (port->attach.type == WEFT_ATTACH_VHOST_USER)
		weft_port_socket(port, weft_ctl.config.vhost_dir, socket, sizeof(socket));
	result = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:i, s:o, s:o}", "name",
		port->o.path, "network", network ? network->o.path : "", "state", state_of(port, conf), "link",
		io.link ? "up" : "down", "mac", mac, "vlan_mode", tagging_names[conf->tagging], "attach",
		attach_names[port->attach.type], "where", socket[0] ? socket : port->attach.device, "mtu", conf->mtu,
		"queues", io.queues, "guest_mtu", io.guest_mtu, "connects", io.connects, "slot", slot, "counters",
		counters(&stats), "drops", drops_by_name(&stats));
	weft_engine_port_sessions(slot, &sessions);
	json_object_set_new(result, "sessions",
		json_pack("{s:i, s:i, s:i}", "all", sessions.n, "half_open", sessions.n_half, "fragmented",
			sessions.n_frags));
	if (place->owner == WEFT_OWNER_EACH)
		json_object_set_new(result, "worker", json_string("each"));
	else
		json_object_set_new(result, "worker", json_integer(place->owner));
	json_object_set_new(result, "offload", offload_json(slot, &io));
	if (io.features)
		json_object_set_new(result, "features", json_sprintf("0x%llx", (unsigned long long)io.features));
	if (io.error[0])
		json_object_set_new(result, "error", json_string(io.error));
	if (json_object_get(weft_ctl.local.failed, port->o.path))
		json_object_set(result, "error", json_object_get(weft_ctl.local.failed, port->o.path));
	if (port->attach.type == WEFT_ATTACH_VF) {
		json_object_set_new(result, "where", where_vf(port));
		json_object_set_new(result, "vf", weft_report_vf(port));
	}
	return result;
}

static void
add_port(void *arg, const struct weft_port *port)
{
	json_array_append_new(arg, weft_report_port(port));
}

json_t *
weft_report_ports(const json_t *params)
{
	json_t *ports = json_array();
	const char *next = weft_page_ports(params, add_port, ports);

	return json_object_get(params, "limit") ? json_pack("{s:o, s:s*}", "ports", ports, "next", next) : ports;
}

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
weft_report_status(void)
{
	struct port_count count = { 0 };
	json_t *status;

	weft_local_each(&weft_ctl.local, count_port, &count);
	status = json_pack("{s:s, s:s, s:i, s:I, s:s, s:I, s:I, s:b, s:i, s:i, s:i, s:i, s:i, s:b, s:I, s:I}",
		"version", WEFT_VERSION, "dpdk", rte_version(), "pid", (int)getpid(), "started_us", weft_ctl.start_us,
		"host", weft_ctl.local.host, "generation", weft_ctl.local.generation, "policy_version",
		weft_ctl.local.version, "settled", weft_local_settled(&weft_ctl.local), "workers",
		weft_engine_n_workers(), "networks", weft_model_count(weft_ctl.local.model, &weft_kind_network),
		"ports", count.n, "ports_up", count.up, "ports_failed", (int)json_object_size(weft_ctl.local.failed),
		"fenced", weft_engine_fenced(), "policy_memory_bytes", (json_int_t)weft_share_used(),
		"policy_memory_budget", (json_int_t)weft_ctl.local.budget);
	json_object_set_new(status, "generation_since_us", json_integer((json_int_t)weft_ctl.local.in_force_us));
	weft_ctl.store->status(status);
	return status;
}

static json_t *
stage_report(const struct weft_stage_stats *stages)
{
	json_t *result = json_array();

	for (unsigned int i = 0; i < WEFT_N_STAGES; i++)
		json_array_append_new(result,
			json_pack("{s:s, s:I, s:I, s:f}", "stage", weft_chain[i].name, "vectors", stages[i].vectors,
				"packets", stages[i].lanes, "cycles_per_packet",
				stages[i].timed_lanes ? (double)stages[i].cycles / stages[i].timed_lanes : 0.0));
	return result;
}

// How many rounds took at most how many microseconds: [[us, rounds], ...].
static json_t *
rounds_report(const struct weft_worker_stats *s, double us)
{
	json_t *rows = json_array();

	for (unsigned int i = 8; i < WEFT_N_ROUND_CLASSES; i++)
		if (s->rounds[i])
			json_array_append_new(
				rows, json_pack("[f, I]", weft_round_class_end(i) / us, (json_int_t)s->rounds[i]));
	return rows;
}

static double
per_packet(uint64_t cycles, uint64_t packets)
{
	return packets ? (double)cycles / packets : 0.0;
}

json_t *
weft_report_workers(void)
{
	json_t *workers = json_array();
	double us = weft_ctl.local.tsc_hz / 1e6;

	for (uint16_t w = 0; w < weft_engine_n_workers(); w++) {
		struct weft_stage_stats stages[WEFT_N_STAGES];
		struct weft_worker_stats s;
		unsigned int n_ports = 0;
		uint32_t n_groups;
		uint64_t refused;
		json_t *row;

		weft_engine_worker_stats(w, &s, stages);
		for (unsigned int i = 1; i < WEFT_MAX_PORTS; i++)
			n_ports += weft_ctl.local.placement->place[i].path[0] &&
				   weft_ctl.local.placement->place[i].owner == w;
		row = json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "worker", w, "cpu",
			weft_engine_worker_lcore(w), "ports", n_ports, "packets", s.packets, "batches", s.batches,
			"busy_cycles", s.busy_cycles, "idle_cycles", s.idle_cycles, "sleeps", s.sleeps, "loops",
			s.loops, "longest_sleep_us", s.longest_sleep / us, "mean_sleep_us",
			s.sleeps ? s.slept_cycles / us / s.sleeps : 0.0);
		json_object_set_new(row, "tsc_hz", json_integer(weft_ctl.local.tsc_hz));
		json_object_set_new(row, "cycles_per_packet", json_real(per_packet(s.busy_cycles, s.packets)));
		json_object_set_new(row, "timed_packets", json_integer((json_int_t)s.io_packets));
		json_object_set_new(row, "rx_cycles_per_packet", json_real(per_packet(s.io_rx_cycles, s.io_packets)));
		json_object_set_new(row, "tx_cycles_per_packet", json_real(per_packet(s.io_tx_cycles, s.io_packets)));
		json_object_set_new(row, "adoptions", json_integer(s.adoptions));
		json_object_set_new(
			row, "mean_adopt_us", json_real(s.adoptions ? s.adopt_cycles / us / s.adoptions : 0));
		json_object_set_new(row, "longest_adopt_us", json_real(s.longest_adopt / us));
		weft_engine_group_counts(w, &n_groups, &refused);
		json_object_set_new(row, "multicast_entries", json_integer(n_groups));
		json_object_set_new(row, "multicast_refused", json_integer((json_int_t)refused));
		json_object_set_new(row, "rounds", rounds_report(&s, us));
		json_object_set_new(row, "stages", stage_report(stages));
		json_array_append_new(workers, row);
	}
	return workers;
}

struct drops_query {
	json_t *rows;
	const char *only; // a port's path, or NULL
};

static void
add_drops(void *arg, const struct weft_port *port)
{
	const struct drops_query *query = arg;
	struct weft_port_stats stats;

	if (query->only && strcmp(query->only, port->o.path))
		return;
	read_stats(weft_placement_find(weft_ctl.local.placement, port->o.path), &stats);
	for (unsigned int r = 0; r < WEFT_N_DROPS; r++)
		if (stats.drop[r])
			json_array_append_new(query->rows,
				json_pack("{s:s, s:s, s:I, s:s}", "port", port->o.path, "reason", weft_drop_name(r),
					"packets", stats.drop[r], "text", weft_drop_text(r)));
}

json_t *
weft_report_drops(const char *only)
{
	struct drops_query query = { .rows = json_array(), .only = only };

	weft_local_each(&weft_ctl.local, add_drops, &query);
	return query.rows;
}

static json_t *
audit_row(const char *name, const struct weft_audit_row *row)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "port", name, "rx", row->rx, "created",
		row->created, "sent", row->sent, "taken", row->taken, "dropped", row->dropped, "held", row->held,
		"missing", row->missing);
}

json_t *
weft_report_audit(struct weft_error *err)
{
	struct weft_audit *audit = malloc(sizeof(*audit));
	int ret = audit ? weft_engine_audit(audit) : -ENOMEM;
	json_t *rows, *result;

	if (ret) {
		weft_fail(err, -ret, "cannot close the books: %s", strerror(-ret));
		free(audit);
		return NULL;
	}
	rows = json_array();
	for (unsigned int i = 1; i < WEFT_MAX_PORTS; i++) {
		const struct weft_place *place = &weft_ctl.local.placement->place[i];
		char name[WEFT_PATH_SIZE + 32];

		if (audit->port[i].rx == 0 && audit->port[i].created == 0 && audit->port[i].missing == 0)
			continue;
		snprintf(name, sizeof(name), "%s", place->path);
		if (!place->path[0])
			snprintf(name, sizeof(name), "(removed, slot %u)", i);
		json_array_append_new(rows, audit_row(name, &audit->port[i]));
	}
	result = audit_row("(all)", &audit->total);
	json_object_set_new(result, "balanced", json_boolean(audit->balanced));
	json_object_set_new(result, "in_rings", json_integer(audit->in_rings));
	json_object_set_new(result, "ports", rows);
	free(audit);
	return result;
}

json_t *
weft_report_fdb(void)
{
	struct weft_fdb_row *rows = calloc(MAX_FDB_ROWS, sizeof(*rows));
	const struct weft_snapshot *snap = weft_engine_snapshot();
	json_t *result = json_array();
	uint32_t n = rows ? weft_engine_fdb(rows, MAX_FDB_ROWS) : 0;

	for (uint32_t i = 0; i < RTE_MIN(n, (uint32_t)MAX_FDB_ROWS); i++) {
		uint32_t domain = rows[i].key >> 48;
		char mac[WEFT_MAC_TEXT];

		weft_mac_format(rows[i].key & UINT64_C(0xffffffffffff), mac);
		json_array_append_new(result,
			json_pack("{s:s, s:s, s:s, s:I}", "mac", mac, "domain",
				weft_snapshot_domain(snap, domain)->name ? weft_snapshot_domain(snap, domain)->name
									 : "",
				"port", weft_ctl.local.placement->place[rows[i].port].path, "age_s",
				(json_int_t)rows[i].age_s));
	}
	free(rows);
	return result;
}

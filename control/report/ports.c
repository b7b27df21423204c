// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "ports.h"

#include <stdio.h>
#include <string.h>

#include "weft/engine.h"

#include "control/base/address.h"
#include "control/state/state.h"
#include "books.h"
#include "hints.h"
#include "select.h"
#include "vf.h"

static const char *const tagging_names[] = { "access", "trunk", "uplink", "qinq", "host" };
static const char *const attach_names[] = { "vhost-user", "eth", "gateway", "vf" };

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

// Packets of a VF that is passed through do not pass weft: its PF counts them.
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

// The packets of a gateway are counted at the uplink.
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

// The connections that the device's hardware forwards by itself, or why it cannot; NULL: the port has no such device.
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

static json_t *
report(const struct weft_port *port)
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
	weft_report_read_counters(slot, &stats);
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
	else if (io.guest_mtu > conf->mtu)
		json_object_set_new(result, "error",
			json_sprintf("the guest has an MTU of %u, and the network one of %u: start QEMU's device with "
				     "host_mtu=%u, or raise the network's mtu",
				io.guest_mtu, conf->mtu, conf->mtu));
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
	json_array_append_new(arg, report(port));
}

json_t *
weft_report_ports(const json_t *params, struct weft_error *err)
{
	json_t *ports = json_array();
	const char *next = weft_select_ports(params, add_port, ports);

	(void)err;
	return json_object_get(params, "limit") ? json_pack("{s:o, s:s*}", "ports", ports, "next", next) : ports;
}

json_t *
weft_report_port(const json_t *params, struct weft_error *err)
{
	const struct weft_port *port = weft_select_port(params, err);
	json_t *result = port ? report(port) : NULL;

	if (result)
		json_object_set_new(result, "hints", weft_report_hints(port));
	return result;
}

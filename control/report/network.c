// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "network.h"

#include <stdarg.h>
#include <stdio.h>

#include "weft/bfd.h"
#include "weft/engine.h"

#include "control/state/state.h"
#include "control/policy/names.h"
#include "peers.h"

__attribute__((format(printf, 2, 3))) static void
add(json_t *trouble, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(trouble, json_string(text));
}

// Checks this host.
static void
check_here(const struct weft_host *self, uint16_t uplink, json_t *trouble)
{
	const char *host = weft_ctl.local.host, *path, *why;
	struct weft_io_status status;
	json_t *value;

	if (self == NULL || weft_ip_is_none(&self->tunnel.address))
		add(trouble, "this host has no tunnel address; run 'weftctl set host %s tunnel.address=ADDRESS/LENGTH'",
			host);
	json_object_foreach (weft_ctl.local.failed, path, value) {
		why = json_string_value(value);
		if (weft_model_port(weft_ctl.local.model, path) &&
			!weft_model_port(weft_ctl.local.model, path)->network[0])
			add(trouble, "the uplink %s could not be opened: %s", path, why ? why : "");
	}
	if (uplink == WEFT_PORT_NONE) {
		add(trouble, "this host has no uplink; run 'weftctl port add NAME --device DEVICE'");
		return;
	}
	weft_engine_port_status(uplink, &status);
	if (!status.link)
		add(trouble, "the uplink %s has no link", weft_ctl.local.placement->place[uplink].path);
}

// Why BFD is not up: a diagnostic code of RFC 5880, section 4.1, in words.
static const char *
bfd_reason(uint8_t diagnostic)
{
	switch (diagnostic) {
	case 1:
		return "nothing has been received from it";
	case 3:
		return "it reports that it receives nothing from this host";
	default:
		return "it has not answered yet";
	}
}

static void
check_bfd(uint16_t slot, const struct weft_peer *peer, json_t *trouble)
{
	uint8_t state, diagnostic;
	uint32_t changes;
	uint64_t ms;

	weft_engine_bfd(slot, &state, &diagnostic, &ms, &changes);
	if (peer->bfd && state != WEFT_BFD_UP)
		add(trouble, "BFD is %s: %s", weft_report_bfd_state(state), bfd_reason(diagnostic));
}

// Checks the host HOST, on which UNNAMED ports name no MAC.
static void
check_there(const char *host, unsigned int unnamed, json_t *row, json_t *trouble)
{
	const struct weft_host *there = weft_model_host(weft_ctl.local.model, host),
			       *self = weft_model_host(weft_ctl.local.model, weft_ctl.local.host);
	uint16_t slot;
	const struct weft_peer *peer = weft_report_find_peer(host, &slot);

	if (there)
		json_object_set_new(row, "address", weft_report_address(&there->tunnel.address));
	if (unnamed)
		add(trouble,
			"%u of its ports have no mac, and the network does not learn MACs, so nobody can reach them; "
			"run 'weftctl set port PORT mac=MAC'",
			unnamed);
	if (there == NULL || weft_ip_is_none(&there->tunnel.address)) {
		add(trouble, "it has no tunnel address; run 'weftctl set host %s tunnel.address=ADDRESS/LENGTH'", host);
		return;
	}
	if (peer == NULL)
		return; // the trouble is on this host, and check_here() names it
	weft_report_peer(slot, peer, row);
	if (json_object_get(row, "next_hop_mac"))
		check_bfd(slot, peer, trouble);
	if (weft_ip_is_none(&peer->hop) && self &&
		weft_ip_is_v4(&self->tunnel.address) != weft_ip_is_v4(&peer->address))
		add(trouble, "its tunnel address and this host's are not of the same IP version");
	else if (weft_ip_is_none(&peer->hop))
		add(trouble,
			"its address is not in this host's network, and this host has no gateway; run 'weftctl set "
			"host %s tunnel.gateway=ADDRESS'",
			weft_ctl.local.host);
	else if (!json_object_get(row, "next_hop_mac"))
		add(trouble, "its next hop does not answer %s; check that it is up, and the uplink's cable and VLAN",
			peer->v6 ? "neighbour discovery" : "ARP");
}

// Counts the ports that NETWORK has on each of the other hosts, into PORTS; and those without a MAC, into UNNAMED if the
// network does not learn MACs.
static void
count_ports(const struct weft_network *network, json_t *ports, json_t *unnamed)
{
	const struct weft_user *users = weft_model_users(weft_ctl.local.model, network->o.key);

	for (const struct weft_user *user = users; user; user = user->hh.next) {
		const struct weft_port *port = (const struct weft_port *)user->object;

		if (port->o.kind != &weft_kind_port || weft_local_has(&weft_ctl.local, port) || !port->host[0])
			continue;
		json_object_set_new(
			ports, port->host, json_integer(json_integer_value(json_object_get(ports, port->host)) + 1));
		if (port->mac == 0 && !network->learning)
			json_object_set_new(unnamed, port->host,
				json_integer(json_integer_value(json_object_get(unnamed, port->host)) + 1));
	}
}

json_t *
weft_report_network(const json_t *params, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "network")), *host;
	json_t *trouble, *hosts, *ports, *unnamed, *n;
	const struct weft_network *network;
	char path[WEFT_PATH_SIZE];

	weft_full_name(name ? name : "", path);
	network = name ? weft_model_network(weft_ctl.local.model, path) : NULL;
	if (network == NULL) {
		weft_fail(err, ENOENT, "there is no network %s on this host; see 'weftctl network list'", path);
		return NULL;
	}
	trouble = json_array();
	hosts = json_array();
	ports = json_object();
	unnamed = json_object();
	count_ports(network, ports, unnamed);
	if (!weft_network_is_tunnelled(network) && network->encap == WEFT_ENCAP_LOCAL && json_object_size(ports))
		add(trouble,
			"it has ports on other hosts, but its encap is local; run 'weftctl set network %s encap=geneve "
			"vni=NUMBER'",
			path);
	if (weft_network_is_tunnelled(network))
		check_here(weft_model_host(weft_ctl.local.model, weft_ctl.local.host), weft_ctl.local.placement->uplink,
			trouble);
	json_object_foreach (ports, host, n) {
		json_t *row = json_pack("{s:s, s:O, s:[]}", "host", host, "ports", n, "trouble");

		if (weft_network_is_tunnelled(network))
			check_there(host, (unsigned int)json_integer_value(json_object_get(unnamed, host)), row,
				json_object_get(row, "trouble"));
		json_array_append_new(hosts, row);
	}
	json_decref(ports);
	json_decref(unnamed);
	return json_pack(
		"{s:s, s:i, s:o, s:o}", "network", path, "mtu", network->mtu, "trouble", trouble, "hosts", hosts);
}

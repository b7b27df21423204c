// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What keeps a network's ports on other hosts from being reached, in words that say what to type.
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "map.h"
#include "state.h"
#include "tunnels.h"

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

static const struct weft_host *
host_of(const char *name)
{
	char key[WEFT_KEY_SIZE];

	weft_key_make(&weft_kind_host, name, key);
	return (const struct weft_host *)weft_model_get(ctl.local.model, key);
}

static json_t *
address_json(rte_be32_t address)
{
	char text[INET_ADDRSTRLEN];

	return address ? json_string(inet_ntop(AF_INET, &address, text, sizeof(text))) : json_null();
}

// This host's end.
static void
check_here(const struct weft_host *self, uint16_t uplink, json_t *trouble)
{
	const char *host = ctl.local.host, *path, *why;
	struct weft_io_status status;
	json_t *value;

	if (self == NULL || self->v4.address == 0)
		add(trouble, "this host has no IPv4 tunnel address: weftctl set host %s tunnel.address=ADDRESS/LENGTH",
			host);
	json_object_foreach (ctl.local.failed, path, value) {
		why = json_string_value(value);
		if (weft_model_port(ctl.local.model, path) && !weft_model_port(ctl.local.model, path)->network[0])
			add(trouble, "the uplink %s is not there: %s", path, why ? why : "");
	}
	if (uplink == WEFT_PORT_NONE) {
		add(trouble, "there is no uplink on this host: weftctl port add NAME --device DEVICE");
		return;
	}
	weft_engine_port_status(uplink, &status);
	if (!status.link)
		add(trouble, "the uplink %s has no link", ctl.local.placement->place[uplink].path);
}

// The other end at HOST, of whose ports UNNAMED name no MAC.
static void
check_there(const char *host, unsigned int unnamed, json_t *row, json_t *trouble)
{
	char path[WEFT_PATH_SIZE];
	const struct weft_host *there = host_of(host);
	const struct weft_peer *peer;
	uint64_t mac = 0;
	uint32_t age = 0;
	uint16_t slot;

	snprintf(path, sizeof(path), "@%.63s", host);
	slot = weft_placement_find(ctl.local.placement, path);
	peer = weft_snapshot_slot(weft_engine_snapshot(), slot)->peer;
	json_object_set_new(row, "address", address_json(there ? there->v4.address : 0));
	if (unnamed)
		add(trouble, "%u of its ports name no mac, and the network does not learn: nobody reaches them",
			unnamed);
	if (there == NULL || there->v4.address == 0) {
		add(trouble, "it has no IPv4 tunnel address: weftctl set host %s tunnel.address=ADDRESS/LENGTH", host);
		return;
	}
	if (peer == NULL)
		return; // something is wrong here, which is said
	weft_engine_neighbour(slot, peer->hop, &mac, &age);
	json_object_set_new(row, "next_hop", address_json(peer->hop));
	if (peer->hop == 0)
		add(trouble,
			"its address is not in this host's network, and there is no gateway: weftctl set host %s "
			"tunnel.gateway=ADDRESS",
			ctl.local.host);
	else if (mac == 0)
		add(trouble, "its next hop does not answer ARP: check that it is up, and the uplink's cable and VLAN");
	if (mac) {
		char text[WEFT_MAC_TEXT];

		weft_mac_format(mac, text);
		json_object_set_new(row, "next_hop_mac", json_string(text));
		json_object_set_new(row, "heard_s", json_integer(age));
	}
}

// The hosts that have ports in NETWORK, this one aside: a map to how many; and to how many that name no MAC.
static void
count_ports(const struct weft_network *network, json_t *ports, json_t *unnamed)
{
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(ctl.local.model->users, network->o.key), key, value) {
		const struct weft_port *port = weft_map_value(value);

		if (port->o.kind != &weft_kind_port || weft_local_has(&ctl.local, port) || !port->host[0])
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
	network = name ? weft_model_network(ctl.local.model, path) : NULL;
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
			"it has ports on other hosts, and its encap is local: weftctl set network %s encap=geneve "
			"vni=NUMBER",
			path);
	if (weft_network_is_tunnelled(network))
		check_here(host_of(ctl.local.host), weft_tunnel_uplink(&ctl.local), trouble);
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

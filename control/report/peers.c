// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What keeps a network's ports on other hosts from being reached, in words that say what to type.
#include "peers.h"

#include <stdio.h>
#include <string.h>

#include "control/base/address.h"
#include "control/base/map.h"
#include "weft/bfd.h"
#include "control/state/state.h"
#include "control/api/methods.h"
#include "control/host/uplinks.h"

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

static json_t *
address_json(const struct weft_ip *address)
{
	char text[WEFT_IP_TEXT];

	return weft_ip_is_none(address) ? json_null() : json_string(weft_ip_format(address, text));
}

// This host's end.
static void
check_here(const struct weft_host *self, uint16_t uplink, json_t *trouble)
{
	const char *host = weft_ctl.local.host, *path, *why;
	struct weft_io_status status;
	json_t *value;

	if (self == NULL || weft_ip_is_none(&self->tunnel.address))
		add(trouble, "this host has no tunnel address: weftctl set host %s tunnel.address=ADDRESS/LENGTH",
			host);
	json_object_foreach (weft_ctl.local.failed, path, value) {
		why = json_string_value(value);
		if (weft_model_port(weft_ctl.local.model, path) &&
			!weft_model_port(weft_ctl.local.model, path)->network[0])
			add(trouble, "the uplink %s is not there: %s", path, why ? why : "");
	}
	if (uplink == WEFT_PORT_NONE) {
		add(trouble, "there is no uplink on this host: weftctl port add NAME --device DEVICE");
		return;
	}
	weft_engine_port_status(uplink, &status);
	if (!status.link)
		add(trouble, "the uplink %s has no link", weft_ctl.local.placement->place[uplink].path);
}

static const char *const bfd_states[] = { "none", "down", "init", "up" };

// RFC 5880, 4.1.
static const char *
bfd_reason(uint8_t diagnostic)
{
	switch (diagnostic) {
	case 1:
		return "nothing has been heard of it";
	case 3:
		return "it says that nothing has been heard of this host";
	default:
		return "it has not answered yet";
	}
}

// What is known of the way to the host PEER in SLOT, into ROW.
static void
describe_way(uint16_t slot, const struct weft_peer *peer, json_t *row, json_t *trouble)
{
	uint8_t state, diagnostic;
	uint64_t mac, ms;
	uint32_t age, changes;
	char text[WEFT_MAC_TEXT];

	weft_engine_neighbour(slot, peer->hop_number, &mac, &age);
	weft_engine_bfd(slot, &state, &diagnostic, &ms, &changes);
	json_object_set_new(row, "next_hop", address_json(&peer->hop));
	if (mac) {
		weft_mac_format(mac, text);
		json_object_set_new(row, "next_hop_mac", json_string(text));
		json_object_set_new(row, "heard_s", json_integer(age));
	}
	json_object_set_new(row, "bfd", json_string(peer->bfd ? bfd_states[state] : "off"));
	if (!peer->bfd)
		return;
	json_object_set_new(row, "bfd_since_ms", json_integer((json_int_t)ms));
	json_object_set_new(row, "bfd_changes", json_integer(changes));
	if (trouble && mac && state != WEFT_BFD_UP)
		add(trouble, "BFD says that it is %s: %s", bfd_states[state], bfd_reason(diagnostic));
}

static const struct weft_peer *
peer_of(const char *host, uint16_t *slot)
{
	*slot = weft_placement_find_host(weft_ctl.local.placement, host);
	return weft_snapshot_slot(weft_engine_snapshot(), *slot)->peer;
}

// The other end at HOST, of whose ports UNNAMED name no MAC.
static void
check_there(const char *host, unsigned int unnamed, json_t *row, json_t *trouble)
{
	const struct weft_host *there = weft_model_host(weft_ctl.local.model, host),
			       *self = weft_model_host(weft_ctl.local.model, weft_ctl.local.host);
	uint16_t slot;
	const struct weft_peer *peer = peer_of(host, &slot);

	if (there)
		json_object_set_new(row, "address", address_json(&there->tunnel.address));
	if (unnamed)
		add(trouble, "%u of its ports name no mac, and the network does not learn: nobody reaches them",
			unnamed);
	if (there == NULL || weft_ip_is_none(&there->tunnel.address)) {
		add(trouble, "it has no tunnel address: weftctl set host %s tunnel.address=ADDRESS/LENGTH", host);
		return;
	}
	if (peer == NULL)
		return; // something is wrong here, which is said
	describe_way(slot, peer, row, trouble);
	if (weft_ip_is_none(&peer->hop) && self &&
		weft_ip_is_v4(&self->tunnel.address) != weft_ip_is_v4(&peer->address))
		add(trouble, "its tunnel address is of another version of IP than this host's");
	else if (weft_ip_is_none(&peer->hop))
		add(trouble,
			"its address is not in this host's network, and there is no gateway: weftctl set host %s "
			"tunnel.gateway=ADDRESS",
			weft_ctl.local.host);
	else if (!json_object_get(row, "next_hop_mac"))
		add(trouble, "its next hop does not answer %s: check that it is up, and the uplink's cable and VLAN",
			peer->v6 ? "neighbour discovery" : "ARP");
}

static json_t *
stamps_json(void)
{
	struct weft_stamp_stats sum = { 0 }, one;

	for (uint16_t w = 0; w < weft_engine_n_workers(); w++) {
		weft_engine_stamp_stats(w, &one);
		sum.unstamped += one.unstamped;
		sum.present += one.present;
		sum.before += one.before;
		sum.next += one.next;
		sum.late += one.late;
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "unstamped", sum.unstamped, "present", sum.present, "before",
		sum.before, "next", sum.next, "late", sum.late);
}

// This host's uplinks, the one in use first.
static json_t *
uplinks_json(void)
{
	const struct weft_placement *placement = weft_ctl.local.placement;
	json_t *uplinks = json_array(), *value;
	const char *key;
	uint16_t slot;

	if (placement->uplink)
		json_array_append_new(uplinks, json_string(placement->place[placement->uplink].path));
	json_object_foreach (weft_ctl.local.devices, key, value) {
		const struct weft_port *port = weft_uplink_at(&weft_ctl.local, key, &slot);

		if (port && slot != placement->uplink)
			json_array_append_new(uplinks, json_string(port->o.path));
	}
	return uplinks;
}

json_t *
weft_report_tunnels(const json_t *params, struct weft_error *err)
{
	const struct weft_host *self = weft_model_host(weft_ctl.local.model, weft_ctl.local.host);
	json_t *hosts = json_array(), *value;
	const char *key;

	(void)params, (void)err;
	json_object_foreach (weft_ctl.local.model->objects, key, value) {
		const struct weft_host *host = weft_map_value(value);
		const struct weft_peer *peer;
		uint16_t slot;
		json_t *row;

		if (host->o.kind != &weft_kind_host || host == self)
			continue;
		row = json_pack("{s:s, s:o}", "host", host->o.path, "address", address_json(&host->tunnel.address));
		peer = peer_of(host->o.path, &slot);
		if (peer)
			describe_way(slot, peer, row, NULL);
		json_array_append_new(hosts, row);
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "host", weft_ctl.local.host, "address",
		self ? address_json(&self->tunnel.address) : json_null(), "uplinks", uplinks_json(), "hosts", hosts,
		"stamps", stamps_json());
}

// The hosts that have ports in NETWORK, this one aside: a map to how many; and to how many that name no MAC.
static void
count_ports(const struct weft_network *network, json_t *ports, json_t *unnamed)
{
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(weft_ctl.local.model->users, network->o.key), key, value) {
		const struct weft_port *port = weft_map_value(value);

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
			"it has ports on other hosts, and its encap is local: weftctl set network %s encap=geneve "
			"vni=NUMBER",
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

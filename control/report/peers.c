// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "peers.h"

#include "weft/engine.h"

#include "control/base/address.h"
#include "control/host/uplinks.h"
#include "control/state/state.h"

json_t *
weft_report_address(const struct weft_ip *address)
{
	char text[WEFT_IP_TEXT];

	return weft_ip_is_none(address) ? json_null() : json_string(weft_ip_format(address, text));
}

const struct weft_peer *
weft_report_find_peer(const char *host, uint16_t *slot)
{
	*slot = weft_placement_find_host(weft_ctl.local.placement, host);
	return weft_snapshot_slot(weft_engine_snapshot(), *slot)->peer;
}

const char *
weft_report_bfd_state(uint8_t state)
{
	static const char *const names[] = { "none", "down", "init", "up" };

	return names[state];
}

void
weft_report_peer(uint16_t slot, const struct weft_peer *peer, json_t *row)
{
	uint8_t state, diagnostic;
	uint64_t mac, ms;
	uint32_t age, changes;
	char text[WEFT_MAC_TEXT];

	weft_engine_neighbour(slot, peer->hop_number, &mac, &age);
	json_object_set_new(row, "next_hop", weft_report_address(&peer->hop));
	if (mac) {
		weft_mac_format(mac, text);
		json_object_set_new(row, "next_hop_mac", json_string(text));
		json_object_set_new(row, "heard_s", json_integer(age));
	}
	if (!peer->bfd) {
		json_object_set_new(row, "bfd", json_string("off"));
		return;
	}
	weft_engine_bfd(slot, &state, &diagnostic, &ms, &changes);
	json_object_set_new(row, "bfd", json_string(weft_report_bfd_state(state)));
	json_object_set_new(row, "bfd_since_ms", json_integer((json_int_t)ms));
	json_object_set_new(row, "bfd_changes", json_integer(changes));
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

// This host's uplinks; the one in use comes first.
static json_t *
uplinks_json(void)
{
	const struct weft_placement *placement = weft_ctl.local.placement;
	json_t *uplinks = json_array();
	uint16_t slot;

	if (placement->uplink)
		json_array_append_new(uplinks, json_string(placement->place[placement->uplink].path));
	for (const struct weft_device *device = weft_ctl.local.devices; device; device = device->hh.next) {
		const struct weft_port *port = weft_uplink_at(&weft_ctl.local, device->key, &slot);

		if (port && slot != placement->uplink)
			json_array_append_new(uplinks, json_string(port->o.path));
	}
	return uplinks;
}

json_t *
weft_report_tunnels(const json_t *params, struct weft_error *err)
{
	const struct weft_host *self = weft_model_host(weft_ctl.local.model, weft_ctl.local.host);
	json_t *hosts = json_array();

	(void)params, (void)err;
	for (const struct weft_object *object = weft_ctl.local.model->objects; object; object = object->hh.next) {
		const struct weft_host *host = (const struct weft_host *)object;
		const struct weft_peer *peer;
		uint16_t slot;
		json_t *row;

		if (host->o.kind != &weft_kind_host || host == self)
			continue;
		row = json_pack(
			"{s:s, s:o}", "host", host->o.path, "address", weft_report_address(&host->tunnel.address));
		peer = weft_report_find_peer(host->o.path, &slot);
		if (peer)
			weft_report_peer(slot, peer, row);
		json_array_append_new(hosts, row);
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "host", weft_ctl.local.host, "address",
		self ? weft_report_address(&self->tunnel.address) : json_null(), "uplinks", uplinks_json(), "hosts",
		hosts, "stamps", stamps_json());
}

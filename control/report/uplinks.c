// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "uplinks.h"

#include "weft/engine.h"

#include "control/base/address.h"
#include "control/host/uplinks.h"
#include "control/state/state.h"

static json_t *
counts_json(const struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS])
{
	static const char *const names[] = { "to_kernel", "tunnel", "fragments", "vlan", "denied" };
	json_t *json = json_object();

	for (unsigned int i = 0; i < WEFT_UPLINK_FILTER_N_COUNTS; i++)
		json_object_set_new(json, names[i],
			json_pack("{s:I, s:I}", "packets", (json_int_t)counts[i].packets, "bytes",
				(json_int_t)counts[i].bytes));
	return json;
}

json_t *
weft_report_uplinks(const json_t *params, struct weft_error *err)
{
	const struct weft_host *host = weft_model_host(weft_ctl.local.model, weft_ctl.local.host);
	json_t *rows = json_array();
	uint16_t slot;

	(void)params, (void)err;
	for (const struct weft_device *device = weft_ctl.local.devices; device; device = device->hh.next) {
		const struct weft_port *port = weft_uplink_at(&weft_ctl.local, device->key, &slot);
		struct weft_uplink_filter_count counts[WEFT_UPLINK_FILTER_N_COUNTS];
		char address[WEFT_IP_TEXT] = "";

		if (port == NULL || slot == WEFT_PORT_NONE)
			continue;
		if (host && !weft_ip_is_none(&host->tunnel.address))
			weft_ip_format(&host->tunnel.address, address);
		json_array_append_new(rows,
			json_pack("{s:s, s:s, s:b, s:b, s:s, s:i, s:o*}", "port", port->o.path, "device",
				port->attach.device, "in_use", slot == weft_ctl.local.placement->uplink, "shared",
				port->attach.share, "address", address, "deny", host ? (int)host->deny.n : 0, "counts",
				weft_engine_port_filter_counts(slot, counts) ? counts_json(counts) : NULL));
	}
	return rows;
}

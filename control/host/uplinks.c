// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "uplinks.h"

#include <string.h>

#include "weft/engine.h"

static bool
has_link(uint16_t slot)
{
	struct weft_io_status status;

	weft_engine_port_status(slot, &status);
	return status.link;
}

const struct weft_port *
weft_uplink_at(const struct weft_local *local, const char *key, uint16_t *slot)
{
	const struct weft_port *port = (const struct weft_port *)weft_model_get(local->model, key);

	if (port == NULL || port->network[0])
		return NULL;
	*slot = weft_placement_find(local->placement, port->o.path);
	return port;
}

uint16_t
weft_uplink_choose(const struct weft_local *local)
{
	uint16_t now = local->placement->uplink, first_slot = WEFT_PORT_NONE, slot;
	const char *first = NULL;
	bool first_linked = false;

	for (const struct weft_device *device = local->devices; device; device = device->hh.next) {
		const char *key = device->key;
		const struct weft_port *port = weft_uplink_at(local, key, &slot);
		bool linked;

		if (port == NULL || port->state != WEFT_PORT_UP || slot == WEFT_PORT_NONE)
			continue;
		linked = has_link(slot);
		if (slot == now && linked)
			return now;
		if (first == NULL || linked > first_linked || (linked == first_linked && strcmp(key, first) < 0)) {
			first = key;
			first_slot = slot;
			first_linked = linked;
		}
	}
	return first_slot;
}

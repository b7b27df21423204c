// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// In a network with tunnels nothing is learned, and what is for nobody that is known is dropped; or it goes to the
// gateway, where there is one.
#include "gateways.h"

#include "control/base/map.h"

#include "domains.h"

// Where the gateway PORT is: this host's uplink, or another host.
static uint16_t
slot_of_gateway(const struct weft_placement *placement, const struct weft_port *port)
{
	if (port->state != WEFT_PORT_UP)
		return WEFT_PORT_NONE;
	if (weft_placement_has(placement, port))
		return placement->uplink;
	return weft_placement_find_host(placement, port->host);
}

static int
put_gateway(struct weft_build *build, const struct weft_network *network, uint16_t slot)
{
	char name[WEFT_PATH_SIZE + 8];
	struct weft_domain *domain;
	uint16_t id;

	snprintf(name, sizeof(name), "%s.0", network->o.path);
	id = json_integer_value(json_object_get(build->placement->domains, name));
	if (id == 0 || weft_snapshot_domain(build->snap, id)->gateway == slot)
		return 0;
	domain = build_own_domain(build, id);
	if (domain == NULL)
		return -ENOMEM;
	domain->gateway = slot;
	return 0;
}

int
weft_build_gateways(struct weft_build *build, const struct weft_model *model)
{
	json_t *slots = json_object(), *value;
	const char *key;
	int ret = slots ? 0 : -ENOMEM;

	json_object_foreach (model->objects, key, value) {
		const struct weft_port *port = weft_map_value(value);

		if (weft_is_port(&port->o) && weft_port_is_gateway(port) && port->network[0])
			json_object_set_new(slots, weft_model_port_network(model, port)->o.key,
				json_integer(slot_of_gateway(build->placement, port)));
	}
	json_object_foreach (model->objects, key, value) {
		const struct weft_network *network = weft_map_value(value);

		if (ret == 0 && network->o.kind == &weft_kind_network && weft_network_is_tunnelled(network))
			ret = put_gateway(build, network, json_integer_value(json_object_get(slots, key)));
	}
	json_decref(slots);
	return ret;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A network with tunnels does not learn MACs. Frames to a MAC that no port has go to the network's gateway, or are
// dropped where there is none.
#include "gateways.h"

#include <stdlib.h>

#include "domain_ids.h"
#include "domains.h"

// The slot behind which the gateway PORT is: this host's uplink, or another host.
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
	uint16_t id = weft_domain_id_find(build->placement, network->o.path, 0);
	struct weft_domain *domain;

	if (id == 0 || weft_snapshot_domain(build->snap, id)->gateway == slot)
		return 0;
	domain = build_own_domain(build, id);
	if (domain == NULL)
		return -ENOMEM;
	domain->gateway = slot;
	return 0;
}

// The gateway of a network.
struct gateway {
	const struct weft_network *network;
	uint16_t slot;
	UT_hash_handle hh; // by the network's address
};

// Collects the gateways of MODEL in ALL. Returns 0 or -ENOMEM.
static int
collect(const struct weft_placement *placement, const struct weft_model *model, struct gateway **all)
{
	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		const struct weft_port *port = (const struct weft_port *)object;
		struct gateway *gateway;

		if (!weft_is_port(object) || !weft_port_is_gateway(port))
			continue;
		gateway = calloc(1, sizeof(*gateway));
		if (gateway == NULL)
			return -ENOMEM;
		gateway->network = weft_model_port_network(model, port);
		gateway->slot = slot_of_gateway(placement, port);
		HASH_ADD_PTR(*all, network, gateway);
		if (gateway->hh.tbl == NULL) {
			free(gateway);
			return -ENOMEM;
		}
	}
	return 0;
}

int
weft_build_gateways(struct weft_build *build, const struct weft_model *model)
{
	struct gateway *all = NULL, *gateway, *next;
	int ret = collect(build->placement, model, &all);

	for (const struct weft_object *object = model->objects; ret == 0 && object; object = object->hh.next) {
		const struct weft_network *network = (const struct weft_network *)object;

		if (object->kind != &weft_kind_network || !weft_network_is_tunnelled(network))
			continue;
		HASH_FIND_PTR(all, &network, gateway);
		ret = put_gateway(build, network, gateway ? gateway->slot : WEFT_PORT_NONE);
	}
	HASH_ITER (hh, all, gateway, next) {
		HASH_DEL(all, gateway);
		free(gateway);
	}
	return ret;
}

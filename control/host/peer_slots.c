// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "peer_slots.h"

#include <string.h>

// Whether a change of OBJECT changes tunnels, or what is compiled about other hosts.
static bool
concerns(const struct weft_local *local, const struct weft_object *object)
{
	const struct weft_port *port = (const struct weft_port *)object;

	if (object == NULL)
		return false;
	if (object->kind == &weft_kind_host)
		return true;
	if (object->kind == &weft_kind_network)
		return weft_network_is_tunnelled((const struct weft_network *)object);
	return weft_is_port(object) && (!port->network[0] || !weft_local_has(local, port) ||
					       weft_network_is_tunnelled(weft_model_port_network(local->model, port)));
}

// Gives HOST a slot.
static int
add_host(struct weft_local *local, struct weft_prepared *p, const struct weft_host *host)
{
	uint16_t slot = weft_placement_free_slot(local->placement);
	char path[WEFT_PATH_SIZE];

	if (slot == 0)
		return weft_fail(p->err, ENOSPC, "host %s: all %u port slots are in use; delete a port first",
			host->o.path, WEFT_MAX_PORTS - 1);
	if (weft_id_list_add(&p->opened, slot))
		return weft_fail(p->err, ENOMEM, "host %s: no memory", host->o.path);
	weft_placement_host_path(host->o.path, path);
	weft_placement_assign(local->placement, slot, path);
	weft_placement_own(local->placement, slot, WEFT_OWNER_EACH);
	return 0;
}

int
weft_peer_slots_prepare(struct weft_local *local, struct weft_prepared *p, bool all)
{
	bool can = weft_placement_can_tunnel(local->placement, local->model);
	int ret = 0;

	// The uplink may have changed without a change of any object: its device has opened late, or another took over.
	p->tunnels = all || local->rerouted || local->kernel != p->kernel ||
		     (local->snap ? local->snap->underlay : 0) != (can ? local->placement->uplink : 0);
	for (unsigned int i = 0; i < p->set.n; i++) {
		const struct weft_change *c = &p->set.change[i];

		p->tunnels = p->tunnels || concerns(local, c->old) || concerns(local, c->new);
		if (c->old && c->new == NULL &&
			c->old->kind == &weft_kind_host &&weft_placement_find_host(local->placement, c->old->path))
			weft_prepared_add_gone(p, weft_placement_find_host(local->placement, c->old->path));
	}
	if (!p->tunnels)
		return 0;
	for (const struct weft_object *object = local->model->objects; object; object = object->hh.next) {
		const struct weft_host *host = (const struct weft_host *)object;
		bool wanted, known;

		if (host->o.kind != &weft_kind_host || strcmp(host->o.path, local->host) == 0)
			continue;
		wanted = can && !weft_ip_is_none(&host->tunnel.address);
		known = weft_placement_find_host(local->placement, host->o.path) != 0;
		if (wanted && !known && ret == 0)
			ret = add_host(local, p, host);
		if (!wanted && known)
			weft_prepared_add_gone(p, weft_placement_find_host(local->placement, host->o.path));
	}
	return ret;
}

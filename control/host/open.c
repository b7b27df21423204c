// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "control/vf/assignment.h"

// Writes as text what cannot change of PORT's attachment while its device is open.
static void
describe(const struct weft_local *local, const struct weft_port *port, const struct weft_network *network,
	char text[900])
{
	char socket[600] = "";

	if (port->attach.type == WEFT_ATTACH_VHOST_USER)
		weft_port_socket(port, local->model->vhost_dir, socket, sizeof(socket));
	snprintf(text, 900, "%d %d %u %s%.255s %u %s %u %d", port->attach.type, port->attach.mode, port->attach.queues,
		socket, port->attach.device, weft_port_has_device(port) && network ? network->mtu : 0, port->attach.pf,
		port->attach.index, port->attach.use);
}

// Checks that the change does not attach an open device to something else, nor change the MTU of an Ethernet device.
static int
check_attached(const struct weft_local *local, const struct weft_prepared *p, const struct weft_port *port)
{
	const struct weft_network *network = weft_model_port_network(local->model, port);
	const struct weft_port *old_port = (const struct weft_port *)weft_prepared_old(p, &port->o);
	const struct weft_network *old_network = NULL;
	char now[900], was[900];

	if (old_port == NULL)
		return 0;
	if (old_port->network[0] && strcmp(old_port->network, port->network) == 0)
		old_network = weft_port_has_device(port) && network
				      ? (const struct weft_network *)weft_prepared_old(p, &network->o)
				      : network;
	describe(local, port, weft_port_has_device(port) ? network : NULL, now);
	describe(local, old_port, weft_port_has_device(old_port) ? old_network : NULL, was);
	return strcmp(now, was) == 0
		       ? 0
		       : weft_fail(p->err, EBUSY,
				 "port %s: its attachment and its device's MTU cannot change while it exists; "
				 "run 'weftctl port del %s' first",
				 port->o.path, port->o.path);
}

// Raises the MTU of an uplink whose device is open, if a network needs it now.
static int
raise_mtu(const struct weft_local *local, const struct weft_prepared *p, const struct weft_port *port, uint16_t slot)
{
	uint16_t mtu = weft_model_largest_mtu(local->model);
	int ret = port->network[0] || local->snap == NULL ||
				  mtu <= RTE_MAX(weft_snapshot_slot(local->snap, slot)->mtu, WEFT_MTU_DEFAULT)
			  ? 0
			  : weft_engine_port_set_mtu(slot, mtu);

	return ret == 0
		       ? 0
		       : weft_fail(p->err, -ret,
				 "port %s: its device does not accept an MTU of %u while it is open (%s), and the networks "
				 "need that, with room for tunnels: lower their \"mtu\", or delete the port and add it "
				 "again",
				 port->o.path, mtu, strerror(-ret));
}

static int
open_port(struct weft_local *local, struct weft_prepared *p, const struct weft_port *port)
{
	const struct weft_network *network = weft_model_port_network(local->model, port);
	uint16_t slot = weft_placement_free_slot(local->placement), owner = port->worker;
	struct weft_attach attach = {
		.type = port->attach.type == WEFT_ATTACH_VF ? WEFT_ATTACH_ETH : port->attach.type,
		.server = port->attach.mode == 1,
		.queues = port->attach.queues ? port->attach.queues : WEFT_MAX_QUEUE_PAIRS,
		.single = port->plan[0] || port->rate ||
			  (weft_model_limits(local->model, port) && weft_model_limits(local->model, port)->rate),
		.mtu = network ? network->mtu : weft_model_largest_mtu(local->model),
		.shared = port->attach.share,
		.name = port->o.path,
	};
	int ret;

	if (slot == 0)
		return weft_fail(p->err, ENOSPC, "port %s: all %u port slots are in use; delete a port first",
			port->o.path, WEFT_MAX_PORTS - 1);
	snprintf(attach.device, sizeof(attach.device), "%s",
		port->attach.type == WEFT_ATTACH_VF ? weft_assignment_address(port->o.path) : port->attach.device);
	if (attach.type == WEFT_ATTACH_VHOST_USER)
		weft_port_socket(port, local->model->vhost_dir, attach.path, sizeof(attach.path));
	if (weft_id_list_add(&p->opened, slot))
		return weft_fail(p->err, ENOMEM, "port %s: no memory to open it", port->o.path);
	ret = weft_engine_open_port(slot, &attach, p->err);
	if (ret) {
		p->opened.n--;
		return ret;
	}
	weft_assignment_opened(port->o.path, slot);
	weft_placement_assign(local->placement, slot, port->o.path);
	local->placement->place[slot].pinned = port->worker != WEFT_OWNER_NONE;
	if (weft_engine_port_multiqueue(slot))
		owner = WEFT_OWNER_EACH;
	else if (owner == WEFT_OWNER_NONE)
		owner = weft_placement_least(local->placement, weft_engine_n_workers());
	weft_placement_own(local->placement, slot, owner);
	return 0;
}

// Notes the port's worker if it names another one than before, or none.
static int
update_owner(struct weft_local *local, struct weft_prepared *p, const struct weft_port *port, uint16_t slot)
{
	struct weft_place *place = &local->placement->place[slot];
	bool pinned = port->worker != WEFT_OWNER_NONE;
	struct weft_old_owner *more;

	if (place->pinned == pinned && (!pinned || place->owner == port->worker))
		return 0;
	more = realloc(p->old_owner, (p->n_old_owners + 1) * sizeof(*more));
	if (more == NULL)
		return weft_fail(p->err, ENOMEM, "no memory");
	p->old_owner = more;
	p->old_owner[p->n_old_owners++] =
		(struct weft_old_owner){ .slot = slot, .owner = place->owner, .pinned = place->pinned };
	place->pinned = pinned;
	if (pinned && place->owner != WEFT_OWNER_EACH)
		weft_placement_own(local->placement, slot, port->worker);
	return 0;
}

int
weft_open_port(struct weft_local *local, struct weft_prepared *p, const struct weft_port *port)
{
	uint16_t slot = weft_placement_find(local->placement, port->o.path);
	bool known = p->restoring || json_object_get(local->failed, port->o.path);
	int ret;

	if (port->worker != WEFT_OWNER_NONE && port->worker >= weft_engine_n_workers())
		return weft_fail(p->err, EINVAL, "port %s: there is no worker %u; weftd has workers 0 to %u",
			port->o.path, port->worker, weft_engine_n_workers() - 1);
	if (slot || weft_assignment_find(port->o.path)) {
		ret = check_attached(local, p, port);
		if (ret)
			return ret;
	}
	if (slot) {
		ret = raise_mtu(local, p, port, slot);
		return ret ? ret : update_owner(local, p, port, slot);
	}
	if (weft_port_is_gateway(port))
		return 0;
	ret = port->attach.type == WEFT_ATTACH_VF ? weft_assignment_make(local->model, port, p->err) : 0;
	if (ret == 0 && !weft_port_is_passed_through(port))
		ret = open_port(local, p, port);
	if (ret && !known)
		return ret;
	if (ret && !json_object_get(local->failed, port->o.path))
		WEFT_LOG(ERR, "event=port-failed port=%s error=\"%s\"", port->o.path, p->err->text);
	if (ret)
		json_object_set_new(local->failed, port->o.path, json_string(p->err->text));
	else
		json_object_del(local->failed, port->o.path);
	return 0;
}

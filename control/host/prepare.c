// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a change concerns on this host: ports are opened, checked and compiled.
#include "prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "control/base/map.h"
#include "control/vf/assignment.h"
#include "kernel.h"
#include "uplink_rate.h"
#include "control/compile/stamp.h"
#include "control/compile/peers.h"
#include "uplinks.h"

// Notes that PORT is to be compiled, if it is here.
static void
add_dirty(const struct weft_local *local, struct weft_prepared *p, const struct weft_object *object)
{
	if (is_port(object) && weft_local_has(local, (const struct weft_port *)object))
		weft_map_set(p->dirty, object->key, object);
}

struct dirty_context {
	const struct weft_local *local;
	struct weft_prepared *p;
	const char *tenant; // NULL: all
};

static void
add_if_of_tenant(void *arg, const struct weft_port *port)
{
	const struct dirty_context *c = arg;
	char tenant[WEFT_NAME_SIZE];

	weft_object_tenant(&port->o, tenant);
	if (c->tenant == NULL || strcmp(tenant, c->tenant) == 0)
		add_dirty(c->local, c->p, &port->o);
}

// Notes the ports that refer to an object, and of groups and tiers that do, the ports that their rules hold for.
static void
add_users(const struct weft_local *local, struct weft_prepared *p, const char *key, bool deeper)
{
	const char *name;
	json_t *value;

	json_object_foreach (json_object_get(local->model->users, key), name, value) {
		const struct weft_object *user = weft_map_value(value);
		struct dirty_context context = { .local = local, .p = p, .tenant = user->path };

		add_dirty(local, p, user);
		if (deeper && user->kind == &weft_kind_group)
			add_users(local, p, user->key, false);
		else if (deeper && user->kind == &weft_kind_tenant_rules)
			weft_local_each(local, add_if_of_tenant, &context);
	}
}

void
prepare_uplinks(const struct weft_local *local, struct weft_prepared *p)
{
	const char *name;
	json_t *value;
	uint16_t slot;

	json_object_foreach (local->devices, name, value) {
		const struct weft_port *port = weft_uplink_at(local, name, &slot);

		if (port)
			add_dirty(local, p, &port->o);
	}
}

static void
collect_change(const struct weft_local *local, struct weft_prepared *p, const struct weft_change *c)
{
	const struct weft_object *object = c->new ? c->new : c->old;
	const struct weft_port *old = (const struct weft_port *)c->old, *new = (const struct weft_port *)c->new;
	bool was = is_port(c->old) && weft_local_has(local, old), is = is_port(c->new) && weft_local_has(local, new);
	struct dirty_context context = { .local = local, .p = p, .tenant = object->path };
	struct dirty_context everyone = { .local = local, .p = p };

	weft_map_set(p->old, object->key, c->old);
	if (was && !is && weft_placement_find(local->placement, object->path))
		json_array_append_new(p->gone, json_integer(weft_placement_find(local->placement, object->path)));
	if (was && !is) {
		json_object_del(local->devices, object->key);
		weft_functions_leave(object->path);
	}
	if (is && weft_port_has_device(new))
		weft_map_set(local->devices, object->key, object);
	add_dirty(local, p, c->new);
	// Those in it, those whose rules name it, and the uplinks, which carry all networks.
	if (object->kind == &weft_kind_network)
		add_users(local, p, object->key, true);
	if (object->kind == &weft_kind_network || (was && is_gateway(old)) || (is && is_gateway(new)))
		prepare_uplinks(local, p);
	if (object->kind == &weft_kind_group || object->kind == &weft_kind_plan)
		add_users(local, p, object->key, false);
	if (object->kind == &weft_kind_limits || object->kind == &weft_kind_tenant_rules)
		weft_local_each(local, add_if_of_tenant, &context);
	if (object->kind == &weft_kind_provider_rules)
		weft_local_each(local, add_if_of_tenant, &everyone);
}

// What of an attachment cannot change while the device is open, as text.
static void
describe(const struct weft_local *local, const struct weft_port *port, const struct weft_network *network,
	char text[900])
{
	char socket[600] = "";

	if (port->attach.type == WEFT_ATTACH_VHOST_USER)
		weft_port_socket(port, local->model->vhost_dir, socket, sizeof(socket));
	snprintf(text, 900, "%d %d %d %u %s%.255s %u %s %u %d", port->attach.type, port->attach.mode,
		port->attach.rings, port->attach.queues, socket, port->attach.device,
		weft_port_has_device(port) && network ? network->mtu : 0, port->attach.pf, port->attach.index,
		port->attach.use);
}

static const struct weft_object *
before(const struct weft_prepared *p, const struct weft_object *now)
{
	if (json_object_get(p->old, now->key))
		return weft_map_get(p->old, now->key);
	return now;
}

// A device that is open keeps what it is attached to, and an Ethernet device its MTU.
static int
check_attached(const struct weft_local *local, const struct weft_prepared *p, const struct weft_port *port)
{
	const struct weft_network *network = weft_model_port_network(local->model, port);
	const struct weft_port *old_port = (const struct weft_port *)before(p, &port->o);
	const struct weft_network *old_network = NULL;
	char now[900], was[900];

	if (old_port == NULL)
		return 0;
	if (old_port->network[0] && strcmp(old_port->network, port->network) == 0)
		old_network = weft_port_has_device(port) && network
				      ? (const struct weft_network *)before(p, &network->o)
				      : network;
	describe(local, port, weft_port_has_device(port) ? network : NULL, now);
	describe(local, old_port, weft_port_has_device(old_port) ? old_network : NULL, was);
	return strcmp(now, was) == 0
		       ? 0
		       : weft_fail(p->err, EBUSY,
				 "port %s: what it is attached to, or its device's MTU, cannot change while it exists; "
				 "run 'weftctl port del %s' first",
				 port->o.path, port->o.path);
}

// An uplink whose device is open carries a network now that needs more.
static int
widen(const struct weft_local *local, const struct weft_prepared *p, const struct weft_port *port, uint16_t slot)
{
	uint16_t mtu = weft_model_largest_mtu(local->model);
	int ret = port->network[0] || local->snap == NULL ||
				  mtu <= RTE_MAX(weft_snapshot_slot(local->snap, slot)->mtu, WEFT_MTU_DEFAULT)
			  ? 0
			  : weft_engine_port_set_mtu(slot, mtu);

	return ret == 0 ? 0
			: weft_fail(p->err, -ret,
				  "port %s: its device does not take an MTU of %u while it is open (%s), which is what "
				  "the "
				  "networks "
				  "need, with room for tunnels: lower their \"mtu\", or delete the port and add it "
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
		.dpdk_rings = port->attach.rings == 1,
		.queues = port->attach.queues ? port->attach.queues : WEFT_MAX_QUEUE_PAIRS,
		.single = port->plan[0] || port->rate ||
			  (weft_model_limits(local->model, port) && weft_model_limits(local->model, port)->rate),
		.mtu = network ? network->mtu : weft_model_largest_mtu(local->model),
		.shared = port->attach.share,
		.name = port->o.path,
	};
	int ret;

	if (slot == 0)
		return weft_fail(
			p->err, ENOSPC, "port %s: all %u port slots are in use", port->o.path, WEFT_MAX_PORTS - 1);
	snprintf(attach.device, sizeof(attach.device), "%s",
		port->attach.type == WEFT_ATTACH_VF ? weft_functions_address(port->o.path) : port->attach.device);
	if (attach.type == WEFT_ATTACH_VHOST_USER)
		weft_port_socket(port, local->model->vhost_dir, attach.path, sizeof(attach.path));
	ret = weft_engine_open_port(slot, &attach, p->err);
	if (ret)
		return ret;
	weft_functions_opened(port->o.path, slot);
	weft_placement_assign(local->placement, slot, port->o.path);
	local->placement->place[slot].pinned = port->worker != WEFT_OWNER_NONE;
	if (weft_engine_port_shared(slot))
		owner = WEFT_OWNER_EACH;
	else if (owner == WEFT_OWNER_NONE)
		owner = weft_placement_least(local->placement, weft_engine_n_workers());
	weft_placement_own(local->placement, slot, owner);
	json_array_append_new(p->opened, json_integer(slot));
	return 0;
}

// The port names another worker than before, or none.
static int
update_owner(struct weft_local *local, struct weft_prepared *p, const struct weft_port *port, uint16_t slot)
{
	struct weft_place *place = &local->placement->place[slot];
	bool pinned = port->worker != WEFT_OWNER_NONE;
	struct owned *more;

	if (place->pinned == pinned && (!pinned || place->owner == port->worker))
		return 0;
	more = realloc(p->owned, (p->n_owned + 1) * sizeof(*more));
	if (more == NULL)
		return weft_fail(p->err, ENOMEM, "no memory");
	p->owned = more;
	p->owned[p->n_owned++] = (struct owned){ .slot = slot, .owner = place->owner, .pinned = place->pinned };
	place->pinned = pinned;
	if (pinned && place->owner != WEFT_OWNER_EACH)
		weft_placement_own(local->placement, slot, port->worker);
	return 0;
}

// Opens what is new, and checks what stays. What was part of the state before may fail to open without harm to others.
static int
place_port(struct weft_local *local, struct weft_prepared *p, const struct weft_port *port)
{
	uint16_t slot = weft_placement_find(local->placement, port->o.path);
	bool known = p->restoring || json_object_get(local->failed, port->o.path);
	int ret;

	if (port->worker != WEFT_OWNER_NONE && port->worker >= weft_engine_n_workers())
		return weft_fail(p->err, EINVAL, "port %s: worker %u is not there; weftd has workers 0 to %u",
			port->o.path, port->worker, weft_engine_n_workers() - 1);
	if (slot || weft_functions_has(port->o.path)) {
		ret = check_attached(local, p, port);
		if (ret)
			return ret;
	}
	if (slot) {
		ret = widen(local, p, port, slot);
		return ret ? ret : update_owner(local, p, port, slot);
	}
	if (is_gateway(port))
		return 0;
	ret = port->attach.type == WEFT_ATTACH_VF ? weft_functions_take(local, port, p->err) : 0;
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

static int
compile(struct weft_local *local, struct weft_prepared *p)
{
	const char *key;
	json_t *value;
	size_t i;
	int ret = 0;

	p->build = weft_build_begin(local->snap, local->placement, local->version + 1, local->tsc_hz);
	if (p->build == NULL)
		return weft_fail(p->err, ENOMEM, "no memory for a snapshot");
	weft_build_for(p->build, local->cluster, local->placement->uplink, weft_link_rate(local) != 0);
	json_array_foreach (p->gone, i, value)
		if (ret == 0)
			ret = weft_build_remove(p->build, json_integer_value(value), p->err);
	json_object_foreach (p->dirty, key, value) {
		const struct weft_port *port = weft_map_value(value);

		if (ret == 0 && weft_placement_find(local->placement, port->o.path))
			ret = weft_build_port(p->build, local->model, port, p->err);
	}
	for (i = 0; ret == 0 && i < p->set.n; i++) {
		const struct weft_change *c = &p->set.change[i];

		if (is_port(c->new) || is_port(c->old))
			ret = weft_build_member(p->build, local->model, (const struct weft_port *)c->old,
				(const struct weft_port *)c->new, p->err);
	}
	if (ret == 0 && p->tunnels)
		ret = weft_build_hosts(p->build, local, p);
	if (ret == 0)
		ret = weft_build_stamp(p->build, local, p);
	return ret ? ret : weft_build_check(local->budget, p->err);
}

// The uplink in use may have gone, or lost its link; or there is a first one.
static void
choose_uplink(struct weft_local *local, struct weft_prepared *p)
{
	local->placement->uplink = weft_uplink_choose(local);
	if (local->placement->uplink != p->uplink)
		prepare_uplinks(local, p);
}

// Other hosts may be in the new generation a moment before this one, and what they send then is judged by it.
static void
offer(const struct weft_local *local, struct weft_prepared *p)
{
	const struct weft_snapshot *snap = weft_build_seal(p->build, p->generation);

	p->offered = snap->cluster && snap->underlay && snap->generation != local->generation;
	if (p->offered)
		weft_engine_offer(snap);
}

int
prepare_carry_out(struct weft_local *local, struct weft_prepared *p, bool all)
{
	const char *key;
	json_t *value;
	struct dirty_context everyone = { .local = local, .p = p };
	int ret = 0;

	if (all)
		weft_local_each(local, add_if_of_tenant, &everyone);
	for (unsigned int i = 0; i < p->set.n; i++)
		collect_change(local, p, &p->set.change[i]);
	// Devices that did not open before may be there now.
	json_object_foreach (local->failed, key, value) {
		const struct weft_port *port = weft_model_port(local->model, key);

		if (port)
			add_dirty(local, p, &port->o);
	}
	json_object_foreach (p->dirty, key, value)
		if (ret == 0)
			ret = place_port(local, p, weft_map_value(value));
	if (ret == 0) {
		choose_uplink(local, p);
		p->kernel = local->kernel;
		local->kernel = weft_kernel_has_address(local);
		ret = prepare_hosts(local, p, all);
	}
	// What was in force before is not refused now.
	if (ret == 0 && !p->restoring)
		ret = weft_link_check(local, p->err);
	if (ret == 0)
		ret = compile(local, p);
	if (ret)
		return ret;
	offer(local, p);
	return 0;
}

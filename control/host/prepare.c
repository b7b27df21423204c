// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "prepare.h"

#include <stdlib.h>
#include <string.h>

#include "weft/engine.h"

#include "control/compile/peers.h"
#include "control/compile/stamp.h"
#include "control/vf/assignment.h"
#include "devices.h"
#include "kernel.h"
#include "open.h"
#include "peer_slots.h"
#include "uplink_rate.h"
#include "uplinks.h"

// Notes that OBJECT is to be compiled, if it is a port of this host.
static void
add_dirty(const struct weft_local *local, struct weft_prepared *p, const struct weft_object *object)
{
	if (weft_is_port(object) && weft_local_has(local, (const struct weft_port *)object))
		weft_prepared_add_dirty(p, (const struct weft_port *)object);
}

struct dirty_context {
	const struct weft_local *local;
	struct weft_prepared *p;
	const char *tenant; // NULL: all tenants
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

// Notes the ports that refer to the object KEY; and with DEEPER, if a group or a tenant's rules refer to it, the ports
// that these rules hold for.
static void
add_users(const struct weft_local *local, struct weft_prepared *p, const char *key, bool deeper)
{
	for (const struct weft_user *u = weft_model_users(local->model, key); u; u = u->hh.next) {
		const struct weft_object *user = u->object;
		struct dirty_context context = { .local = local, .p = p, .tenant = user->path };

		add_dirty(local, p, user);
		if (deeper && user->kind == &weft_kind_group)
			add_users(local, p, user->key, false);
		else if (deeper && user->kind == &weft_kind_tenant_rules)
			weft_local_each(local, add_if_of_tenant, &context);
	}
}

// Notes that this host's uplinks are to be compiled.
static void
add_uplinks(const struct weft_local *local, struct weft_prepared *p)
{
	uint16_t slot;

	for (const struct weft_device *device = local->devices; device; device = device->hh.next) {
		const struct weft_port *port = weft_uplink_at(local, device->key, &slot);

		if (port)
			add_dirty(local, p, &port->o);
	}
}

static void
collect_change(struct weft_local *local, struct weft_prepared *p, const struct weft_change *c)
{
	const struct weft_object *object = c->new ? c->new : c->old;
	const struct weft_port *old = (const struct weft_port *)c->old, *new = (const struct weft_port *)c->new;
	bool was = weft_is_port(c->old) && weft_local_has(local, old),
	     is = weft_is_port(c->new) && weft_local_has(local, new);
	struct dirty_context context = { .local = local, .p = p, .tenant = object->path };
	struct dirty_context all_tenants = { .local = local, .p = p };

	weft_prepared_add_old(p, c);
	if (was && !is && weft_placement_find(local->placement, object->path))
		weft_prepared_add_gone(p, weft_placement_find(local->placement, object->path));
	if (was && !is) {
		weft_device_remove(local, object->key);
		weft_assignment_leave(object->path);
	}
	if (is && weft_port_has_device(new) && weft_device_add(local, object->key))
		p->no_memory = true;
	add_dirty(local, p, c->new);
	// A network concerns its ports, the ports whose rules name it, and the uplinks, which carry all networks.
	if (object->kind == &weft_kind_network)
		add_users(local, p, object->key, true);
	if (object->kind == &weft_kind_network || (was && weft_port_is_gateway(old)) ||
		(is && weft_port_is_gateway(new)))
		add_uplinks(local, p);
	if (object->kind == &weft_kind_group || object->kind == &weft_kind_plan)
		add_users(local, p, object->key, false);
	if (object->kind == &weft_kind_limits || object->kind == &weft_kind_tenant_rules)
		weft_local_each(local, add_if_of_tenant, &context);
	if (object->kind == &weft_kind_provider_rules)
		weft_local_each(local, add_if_of_tenant, &all_tenants);
}

static int
compile(struct weft_local *local, struct weft_prepared *p)
{
	int ret = 0;

	p->build = weft_build_begin(local->snap, local->placement, local->version + 1, local->tsc_hz);
	if (p->build == NULL)
		return weft_fail(p->err, ENOMEM, "no memory for a snapshot");
	weft_build_for(p->build, local->cluster, local->placement->uplink, weft_uplink_rate(local) != 0);
	for (uint32_t i = 0; ret == 0 && i < p->gone.n; i++)
		ret = weft_build_remove(p->build, p->gone.items[i], p->err);
	for (const struct weft_dirty *dirty = p->dirty; ret == 0 && dirty; dirty = dirty->hh.next)
		if (weft_placement_find(local->placement, dirty->port->o.path))
			ret = weft_build_port(p->build, local->model, dirty->port, p->err);
	for (unsigned int i = 0; ret == 0 && i < p->set.n; i++) {
		const struct weft_change *c = &p->set.change[i];

		if (weft_is_port(c->new) || weft_is_port(c->old))
			ret = weft_build_member(p->build, local->model, (const struct weft_port *)c->old,
				(const struct weft_port *)c->new, p->err);
	}
	if (ret == 0 && p->tunnels)
		ret = weft_build_hosts(p->build, local->model, &p->set, local->kernel ? weft_kernel_hop : NULL, p->err);
	if (ret == 0 && p->generation != local->generation)
		ret = weft_build_stamp(p->build, &p->set, p->generation, p->err);
	return ret ? ret : weft_build_check(local->budget, p->err);
}

// Chooses the uplink to be used: the one in use may have gone or lost its link, or this may be the first one.
static void
choose_uplink(struct weft_local *local, struct weft_prepared *p)
{
	local->placement->uplink = weft_uplink_choose(local);
	if (local->placement->uplink != p->uplink)
		add_uplinks(local, p);
}

// Other hosts may switch to the new generation a moment before this one; this host's workers judge the frames that they
// send then by the new snapshot.
static void
offer(const struct weft_local *local, struct weft_prepared *p)
{
	const struct weft_snapshot *snap = weft_build_seal(p->build, p->generation);

	p->offered = snap->cluster && snap->underlay && snap->generation != local->generation;
	if (p->offered)
		weft_engine_show_next(snap);
}

int
weft_prepare_run(struct weft_local *local, struct weft_prepared *p, bool all)
{
	const char *key;
	json_t *value;
	struct dirty_context all_tenants = { .local = local, .p = p };
	int ret = 0;

	if (all)
		weft_local_each(local, add_if_of_tenant, &all_tenants);
	for (unsigned int i = 0; i < p->set.n; i++)
		collect_change(local, p, &p->set.change[i]);
	// Devices that did not open before may open now.
	json_object_foreach (local->failed, key, value) {
		const struct weft_port *port = weft_model_port(local->model, key);

		if (port)
			add_dirty(local, p, &port->o);
	}
	for (const struct weft_dirty *dirty = p->dirty; ret == 0 && dirty; dirty = dirty->hh.next)
		ret = weft_open_port(local, p, dirty->port);
	if (ret == 0) {
		choose_uplink(local, p);
		p->kernel = local->kernel;
		local->kernel = weft_kernel_has_address(local);
		ret = weft_peer_slots_prepare(local, p, all);
	}
	if (ret == 0 && p->no_memory)
		ret = weft_fail(p->err, ENOMEM, "no memory to prepare the change");
	// A policy that was in force before is not refused.
	if (ret == 0 && !p->restoring)
		ret = weft_uplink_rate_check(local, p->err);
	if (ret == 0)
		ret = compile(local, p);
	if (ret)
		return ret;
	offer(local, p);
	return 0;
}

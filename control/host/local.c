// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"
#include "weft/engine.h"

#include "control/change/bundle.h"
#include "control/vf/assignment.h"
#include "kernel.h"
#include "devices.h"
#include "prepare.h"
#include "shared_uplink.h"
#include "tenant_rate.h"
#include "uplink_rate.h"

int
weft_local_init(struct weft_local *local, const char *vhost_dir)
{
	local->model = weft_model_new(vhost_dir);
	local->placement = weft_placement_new();
	local->failed = json_object();
	if (!local->model || !local->placement || !local->failed)
		return -ENOMEM;
	local->placement->host = local->host;
	local->placement->alone = local->alone;
	return 0;
}

void
weft_local_fini(struct weft_local *local)
{
	if (local->prepared)
		weft_local_abort(local);
	weft_model_free(local->model);
	weft_placement_free(local->placement);
	json_decref(local->failed);
	weft_devices_clear(local);
}

static struct weft_prepared *
new_prepared(const struct weft_local *local, uint64_t generation, struct weft_error *err)
{
	struct weft_prepared *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->generation = generation;
	p->err = err;
	p->uplink = local->placement->uplink;
	p->kernel = local->kernel;
	return p;
}

static void
free_prepared(struct weft_local *local)
{
	struct weft_prepared *p = local->prepared;

	weft_prepared_clear(p);
	free(p);
	local->prepared = NULL;
}

int
weft_local_prepare(struct weft_local *local, const json_t *changes, uint64_t generation, enum weft_prepare_mode mode,
	struct weft_error *err)
{
	struct weft_prepared *p = new_prepared(local, generation, err);
	int ret;

	if (p == NULL)
		return weft_fail(err, ENOMEM, "no memory");
	p->restoring = mode == WEFT_PREPARE_RESTORE;
	local->prepared = p;
	ret = weft_model_change(local->model, changes, weft_clock_wall_s(), &p->set, err);
	if (ret) {
		free_prepared(local);
		return ret;
	}
	ret = weft_prepare_run(local, p, false);
	if (ret)
		weft_local_abort(local);
	return ret;
}

const struct weft_changeset *
weft_local_changes(const struct weft_local *local)
{
	return local->prepared ? &local->prepared->set : NULL;
}

static void
closed(void *arg, uint16_t slot)
{
	struct weft_local *local = arg;

	weft_assignment_closed(slot);
	weft_placement_release(local->placement, slot);
}

static void
close_slot(struct weft_local *local, uint16_t slot)
{
	weft_placement_withdraw(local->placement, slot);
	weft_engine_close_port(slot, closed, local);
}

static void
publish(struct weft_local *local, struct weft_snapshot *snap)
{
	local->snap = snap;
	local->version = snap->version;
	local->generation = snap->generation;
	weft_engine_publish(snap, weft_snapshot_free);
}

void
weft_local_activate(struct weft_local *local)
{
	struct weft_prepared *p = local->prepared;
	uint64_t was;
	const char *path;
	json_t *value;
	void *next;

	weft_tenant_rate_sync(local);
	weft_uplink_rate_sync(local);
	weft_shared_uplink_sync(local);
	was = local->generation;
	publish(local, weft_build_finish(p->build, p->generation));
	if (p->generation != was) {
		local->in_force_us = weft_clock_wall_us();
		WEFT_LOG(INFO, "event=generation generation=%llu objects=%u", (unsigned long long)p->generation,
			p->set.n);
	}
	if (p->tunnels)
		weft_kernel_probe(local);
	for (uint32_t i = 0; i < p->gone.n; i++)
		close_slot(local, p->gone.items[i]);
	weft_assignment_accept();
	weft_changeset_accept(&p->set);
	free_prepared(local);
	// A port that has been removed does not count as failed.
	json_object_foreach_safe (local->failed, next, path, value) {
		const struct weft_port *port = weft_model_port(local->model, path);

		if (port == NULL || !weft_local_has(local, port))
			json_object_del(local->failed, path);
	}
	weft_engine_poll();
}

void
weft_local_abort(struct weft_local *local)
{
	struct weft_prepared *p = local->prepared;

	if (p->offered)
		weft_engine_withdraw_next(weft_build_give_up(p->build), weft_snapshot_free);
	else
		weft_build_abort(p->build);
	local->placement->uplink = p->uplink;
	local->kernel = p->kernel;
	weft_assignment_abort();
	for (uint32_t i = 0; i < p->opened.n; i++)
		close_slot(local, p->opened.items[i]);
	for (unsigned int k = p->n_old_owners; k > 0; k--) {
		local->placement->place[p->old_owner[k - 1].slot].pinned = p->old_owner[k - 1].pinned;
		weft_placement_own(local->placement, p->old_owner[k - 1].slot, p->old_owner[k - 1].owner);
	}
	for (unsigned int k = 0; k < p->set.n; k++) {
		const struct weft_object *old = p->set.change[k].old, *new = p->set.change[k].new;

		if (weft_is_port(new))
			weft_device_remove(local, new->key);
		if (weft_is_port(old) && weft_local_has(local, (const struct weft_port *)old) &&
			weft_port_has_device((const struct weft_port *)old))
			weft_device_add(local, old->key);
	}
	weft_model_revert(local->model, &p->set);
	free_prepared(local);
	weft_engine_poll();
}

bool
weft_local_settled(const struct weft_local *local)
{
	return weft_engine_settled(local->version);
}

int
weft_local_republish(struct weft_local *local, bool all, struct weft_error *err)
{
	struct weft_prepared *p = new_prepared(local, local->generation, err);
	int ret;

	if (p == NULL)
		return weft_fail(err, ENOMEM, "no memory");
	local->prepared = p;
	ret = weft_prepare_run(local, p, all);
	if (ret)
		weft_local_abort(local);
	else
		weft_local_activate(local);
	return ret;
}

json_t *
weft_local_bundle(const struct weft_local *local)
{
	const struct weft_changeset *set = weft_local_changes(local);
	json_t *bundle = weft_model_bundle(local->model), *inverse = set ? weft_changeset_inverse(set) : NULL, *object;
	const char *key;

	json_object_foreach (inverse, key, object)
		weft_bundle_put(bundle, key, json_is_null(object) ? NULL : json_incref(object));
	json_decref(inverse);
	return bundle;
}

void
weft_local_lose(struct weft_local *local, const char *path)
{
	uint16_t slot = weft_placement_find(local->placement, path);
	struct weft_error err;
	struct weft_prepared *p = new_prepared(local, local->generation, &err);

	if (p == NULL)
		return;
	// Without a slot nothing is compiled for the port, unless its device opens again at once.
	weft_placement_withdraw(local->placement, slot);
	weft_prepared_add_gone(p, slot);
	local->prepared = p;
	if (weft_prepare_run(local, p, false)) {
		weft_placement_reinstate(local->placement, slot);
		weft_local_abort(local);
		return;
	}
	WEFT_LOG(ERR, "event=device-removed port=%s", path);
	json_object_set_new(local->failed, path, json_string("its device has been removed"));
	weft_local_activate(local);
}

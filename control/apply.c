// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A change of the desired state, all or nothing: parse and check, open what is new, compile, store, publish,
// and then close what is gone. Each step before "store" can be undone, and is where a later one fails.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"
#include "state.h"

#define SETTLE_MS 2000

struct plan {
	bool restoring;			 // the state is what was in force before a restart
	struct weft_model *model;	 // the new one
	uint16_t opened[WEFT_MAX_PORTS]; // slots
	unsigned int n_opened;
	struct weft_error *err;
};

static void
describe(const struct weft_model *model, const struct weft_port *port, char attach[768], char domains[640])
{
	const struct weft_network *network = weft_model_port_network(model, port);
	char socket[512] = "", vlan[64] = "";
	uint64_t hash = 14695981039346656037u;
	const uint8_t *trunk = (const uint8_t *)&port->vlan.trunk;

	if (port->attach.type == WEFT_ATTACH_VHOST_USER)
		weft_port_socket(port, ctl.config.vhost_dir, socket, sizeof(socket));
	for (size_t i = 0; i < sizeof(port->vlan.trunk); i++)
		hash = (hash ^ trunk[i]) * 1099511628211u;
	snprintf(vlan, sizeof(vlan), "%u/%u/%u/%d/%016llx", port->vlan.access, port->vlan.native, port->vlan.qinq,
		port->vlan.tpid, (unsigned long long)hash);
	snprintf(attach, 768, "%d %d %u %s%.255s %u", port->attach.type, port->attach.mode, port->attach.queues, socket,
		port->attach.device, port->attach.type == WEFT_ATTACH_ETH && network ? network->mtu : 0);
	snprintf(domains, 640, "%s %d %u %s %012llx", network ? network->path : "uplink", network ? network->encap : 0,
		network ? network->learning : 0, vlan, (unsigned long long)port->mac);
}

static int
open_port(struct plan *plan, const struct weft_port *port)
{
	const struct weft_network *network = weft_model_port_network(plan->model, port);
	uint16_t slot = weft_placement_free_slot(&ctl.placement);
	struct weft_attach attach = {
		.type = port->attach.type,
		.server = port->attach.mode == 1,
		.queues = port->attach.queues ? port->attach.queues : WEFT_MAX_QUEUE_PAIRS,
		.mtu = network ? network->mtu : WEFT_MTU_DEFAULT,
		.name = port->path,
	};
	struct weft_place *place = &ctl.placement.place[slot];
	int ret;

	if (slot == 0)
		return weft_fail(
			plan->err, ENOSPC, "port %s: all %u port slots are in use", port->path, WEFT_MAX_PORTS - 1);
	for (unsigned int i = 0; network == NULL && i < plan->model->n_networks; i++)
		attach.mtu = RTE_MAX(attach.mtu, plan->model->networks[i].mtu);
	snprintf(attach.device, sizeof(attach.device), "%s", port->attach.device);
	if (attach.type == WEFT_ATTACH_VHOST_USER)
		weft_port_socket(port, ctl.config.vhost_dir, attach.path, sizeof(attach.path));
	ret = weft_engine_open_port(slot, &attach, plan->err);
	if (ret)
		return ret;
	weft_placement_assign(&ctl.placement, slot, port->path);
	describe(plan->model, port, place->attach, place->domains);
	place->pinned = port->worker != WEFT_OWNER_NONE;
	place->owner = WEFT_OWNER_NONE;
	if (weft_engine_port_shared(slot))
		place->owner = WEFT_OWNER_EACH;
	else
		place->owner =
			place->pinned ? port->worker : weft_placement_least(&ctl.placement, weft_engine_n_workers());
	plan->opened[plan->n_opened++] = slot;
	return 0;
}

static int
check_port(struct plan *plan, const struct weft_port *port, const struct weft_place *place)
{
	char attach[768], domains[640];

	if (port->worker != WEFT_OWNER_NONE && port->worker >= weft_engine_n_workers())
		return weft_fail(plan->err, EINVAL, "port %s: worker %u is not there; weftd has workers 0 to %u",
			port->path, port->worker, weft_engine_n_workers() - 1);
	if (place == NULL)
		return 0;
	describe(plan->model, port, attach, domains);
	return strcmp(attach, place->attach) == 0
		       ? 0
		       : weft_fail(plan->err, EBUSY,
				 "port %s: what it is attached to, or its device's MTU, cannot change while it exists; "
				 "run 'weftctl port del %s' first",
				 port->path, port->path);
}

static const struct weft_place *
place_of(const struct weft_port *port)
{
	uint16_t slot = weft_placement_find(&ctl.placement, port->path);

	return slot ? &ctl.placement.place[slot] : NULL;
}

// Brings the place of a port that stays up to date. Where the change fails after all, a generation too many
// has passed and nothing else: the next snapshot has the right one.
static void
update_place(const struct weft_model *model, const struct weft_port *port)
{
	uint16_t slot = weft_placement_find(&ctl.placement, port->path);
	struct weft_place *place = &ctl.placement.place[slot];
	char attach[768], domains[640];

	describe(model, port, attach, domains);
	if (strcmp(domains, place->domains)) {
		memcpy(place->domains, domains, sizeof(domains));
		weft_placement_renew(&ctl.placement, slot);
	}
	place->pinned = port->worker != WEFT_OWNER_NONE;
	if (place->pinned && place->owner != WEFT_OWNER_EACH)
		place->owner = port->worker;
}

static void
closed(uint16_t slot)
{
	weft_placement_release(&ctl.placement, slot);
}

static void
close_slot(uint16_t slot)
{
	weft_placement_withdraw(&ctl.placement, slot);
	weft_engine_close_port(slot, closed);
}

// Runs what waits for the workers; they pass within microseconds, or a sleep's length.
static void
settle(void)
{
	for (unsigned int us = 0; us < SETTLE_MS * 1000; us += 50) {
		if (weft_engine_poll() == 0 && weft_engine_settled(ctl.version))
			return;
		usleep(50);
	}
	WEFT_LOG(WARNING, "event=not-settled version=%llu after_ms=%u", (unsigned long long)ctl.version, SETTLE_MS);
}

static struct weft_snapshot *
compile(const struct weft_model *model, struct weft_error *err)
{
	return weft_compile(model, &ctl.placement, ctl.version + 1, ctl.tsc_hz, err);
}

int
weft_republish(struct weft_error *err)
{
	struct weft_snapshot *snap = compile(ctl.model, err);

	if (snap == NULL)
		return -errno;
	ctl.version++;
	weft_engine_publish(snap, weft_snapshot_free);
	settle();
	return 0;
}

static void
take_back(struct plan *plan)
{
	for (unsigned int i = 0; i < plan->n_opened; i++)
		close_slot(plan->opened[i]);
	settle();
}

// Opens the ports that have no place yet. What was part of the state before may fail without harm to others.
static int
open_ports(struct plan *plan)
{
	for (unsigned int i = 0; i < plan->model->n_ports; i++) {
		const struct weft_port *port = &plan->model->ports[i];
		bool known = plan->restoring || (ctl.model && weft_model_port(ctl.model, port->path));
		int ret;

		if (place_of(port))
			continue;
		ret = open_port(plan, port);
		if (ret && !known)
			return ret;
		if (ret && !json_object_get(ctl.failed, port->path))
			WEFT_LOG(ERR, "port=%s error=\"%s\"", port->path, plan->err->text);
		if (ret)
			json_object_set_new(ctl.failed, port->path, json_string(plan->err->text));
		else
			json_object_del(ctl.failed, port->path);
	}
	return 0;
}

// Slots whose port the new model has no more: withdrawn, or, with BACK, theirs again.
static void
withdraw(const struct weft_model *model, bool back)
{
	for (unsigned int slot = 1; slot < WEFT_MAX_PORTS; slot++) {
		struct weft_place *place = &ctl.placement.place[slot];

		if (place->path[0] == 0 || weft_model_port(model, place->path))
			continue;
		if (back)
			weft_placement_reinstate(&ctl.placement, slot);
		else if (!place->closing)
			weft_placement_withdraw(&ctl.placement, slot);
	}
}

static int
carry_out(struct plan *plan)
{
	struct weft_snapshot *snap = NULL;
	int ret = open_ports(plan);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < plan->model->n_ports; i++)
		if (place_of(&plan->model->ports[i]))
			update_place(plan->model, &plan->model->ports[i]);
	withdraw(plan->model, false);
	snap = compile(plan->model, plan->err);
	ret = snap ? weft_store_save(ctl.config.state_dir, plan->model->tree, plan->err) : -errno;
	if (ret) {
		withdraw(plan->model, true);
		weft_snapshot_free(snap);
		return ret;
	}
	ctl.version++;
	weft_engine_publish(snap, weft_snapshot_free);
	return 0;
}

static void
close_withdrawn(void)
{
	for (unsigned int slot = 1; slot < WEFT_MAX_PORTS; slot++)
		if (ctl.placement.place[slot].closing)
			weft_engine_close_port(slot, closed);
	settle();
}

// Ports that are gone are not missing any more.
static void
forget_failures(void)
{
	const char *path;
	json_t *reason;
	void *next;

	json_object_foreach_safe (ctl.failed, next, path, reason) {
		if (!weft_model_port(ctl.model, path))
			json_object_del(ctl.failed, path);
	}
}

// {added: [...], changed: [...], removed: [...]}: paths of objects that differ between two trees.
static json_t *
compare(const json_t *before, const json_t *after)
{
	const char *kinds[] = { "networks", "ports" };
	json_t *diff = json_pack("{s:[], s:[], s:[]}", "added", "changed", "removed");
	const char *tenant, *name;
	json_t *objects, *object;

	for (unsigned int pass = 0; pass < 2; pass++) {
		const json_t *from = json_object_get(pass ? before : after, "tenants");
		const json_t *to = json_object_get(pass ? after : before, "tenants");

		json_object_foreach ((json_t *)(uintptr_t)from, tenant, objects) {
			for (unsigned int k = 0; k < 2; k++) {
				const json_t *others = json_object_get(json_object_get(to, tenant), kinds[k]);

				json_object_foreach (json_object_get(objects, kinds[k]), name, object) {
					const json_t *other = json_object_get(others, name);
					const char *what = pass ? "removed" : other ? "changed" : "added";

					if (other && (pass || json_equal(object, other)))
						continue;
					json_array_append_new(json_object_get(diff, what),
						json_sprintf("tenants/%s/%s/%s", tenant, kinds[k], name));
				}
			}
		}
	}
	return diff;
}

int
weft_apply(const json_t *bundle, enum weft_apply_mode mode, json_t **changes, struct weft_error *err)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	json_t *tree = plan ? weft_model_merge(ctl.model ? ctl.model->tree : NULL, bundle, err) : NULL;
	int ret = 0;

	if (tree == NULL) {
		ret = plan ? -EINVAL : weft_fail(err, ENOMEM, "no memory");
		free(plan);
		return ret;
	}
	plan->err = err;
	plan->restoring = mode == WEFT_APPLY_RESTORE;
	plan->model = weft_model_new(tree, ctl.config.vhost_dir, err);
	if (plan->model == NULL)
		ret = -errno;
	for (unsigned int i = 0; ret == 0 && i < plan->model->n_ports; i++)
		ret = check_port(plan, &plan->model->ports[i], place_of(&plan->model->ports[i]));
	if (ret == 0)
		*changes = compare(ctl.model ? ctl.model->tree : NULL, plan->model->tree);
	if (ret == 0 && mode != WEFT_APPLY_DRY_RUN) {
		ret = carry_out(plan);
		if (ret) {
			take_back(plan);
			json_decref(*changes);
		} else {
			struct weft_model *old = ctl.model;

			ctl.model = plan->model;
			plan->model = old;
			forget_failures();
			close_withdrawn();
		}
	}
	weft_model_free(plan->model);
	free(plan);
	return ret;
}

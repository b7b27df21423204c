// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Changing and checking a model.
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "index.h"

struct weft_model *
weft_model_new(const char *vhost_dir)
{
	struct weft_model *model = calloc(1, sizeof(*model));

	if (model == NULL)
		return NULL;
	snprintf(model->vhost_dir, sizeof(model->vhost_dir), "%s", vhost_dir);
	return model;
}

void
weft_model_free(struct weft_model *model)
{
	struct weft_object *object, *next;

	if (model == NULL)
		return;
	weft_index_clear(model);
	HASH_ITER (hh, model->objects, object, next) {
		HASH_DEL(model->objects, object);
		weft_object_free(object);
	}
	free(model);
}

struct claim {
	const struct weft_model *model;
	const struct weft_port *port;
	uint64_t now;
	struct weft_error *err;
};

static int
check_barred(void *arg, const char *what)
{
	const struct claim *claim = arg;
	const struct weft_retired *retired = weft_index_barred(claim->model, what);

	// A port may get back the addresses that it had itself before it was retired.
	if (retired == NULL || retired->until <= claim->now || strcmp(retired->o.path, claim->port->o.path) == 0)
		return 0;
	return weft_fail(claim->err, EBUSY,
		"port %s: %s belonged to the retired port %s, and no other port may have it for another %llu s; run "
		"'weftctl delete retired %s' to allow it now",
		claim->port->o.path, strchr(what, ' ') + 1, retired->o.path,
		(unsigned long long)(retired->until - claim->now), retired->o.path);
}

static int
check_port(const struct weft_model *model, const struct weft_port *port, uint64_t now, struct weft_error *err)
{
	struct claim claim = { .model = model, .port = port, .now = now, .err = err };
	struct weft_attach *attach = NULL;
	const struct weft_limits *limits;
	char tenant[WEFT_NAME_SIZE], socket[768];
	unsigned int n;

	weft_object_tenant(&port->o, tenant);
	limits = weft_model_tenant_limits(model, tenant);
	n = weft_model_tenant_ports(model, tenant);
	if (limits && limits->ports && n > limits->ports)
		return weft_fail(err, EDQUOT, "port %s: tenant %s would have %u ports, and its limit is %u",
			port->o.path, tenant, n, limits->ports);
	weft_port_socket(port, model->vhost_dir, socket, sizeof(socket));
	if (port->attach.type == WEFT_ATTACH_VHOST_USER && strlen(socket) >= sizeof(attach->path))
		return weft_fail(err, EINVAL,
			"port %s: the path %s of its socket has %zu bytes, and a UNIX socket's path has at most %zu; "
			"set a shorter attach.path",
			port->o.path, socket, strlen(socket), sizeof(attach->path) - 1);
	return weft_index_each_address(port->o.path, port->network, port->mac, &port->ips, check_barred, &claim);
}

// Makes the checks of a change that need all changes in the model.
static int
check_change(struct weft_model *model, const struct weft_change *c, uint64_t now, struct weft_error *err)
{
	const struct weft_user *users = c->new ? NULL : weft_model_users(model, c->old->key);
	int ret = 0;

	if (users) {
		return weft_fail(err, EBUSY,
			"%s %s: %s %s uses it (one of %u objects that do); change or delete that first",
			c->old->kind->name, c->old->path, users->object->kind->name, users->object->path,
			HASH_COUNT(users));
	}
	if (c->new)
		ret = weft_index_check_references(model, c->new, err);
	if (ret == 0 && c->new && c->new->kind == &weft_kind_port)
		ret = check_port(model, (const struct weft_port *)c->new, now, err);
	return ret;
}

// Parses CHANGES into SET.
static int
parse_changes(struct weft_model *model, const json_t *changes, struct weft_changeset *set, struct weft_error *err)
{
	const char *key;
	json_t *value;

	set->n = 0;
	set->change = calloc(json_object_size(changes) + 1, sizeof(set->change[0]));
	if (set->change == NULL)
		return weft_fail(err, ENOMEM, "no memory for %zu changes", json_object_size(changes));
	json_object_foreach ((json_t *)(uintptr_t)changes, key, value) {
		struct weft_change c = { .old = weft_model_get(model, key) };
		json_t *copy;

		if (!json_is_null(value)) {
			copy = json_deep_copy(value);
			c.new = weft_object_new(key, copy, err);
			json_decref(copy);
			if (c.new == NULL)
				return -errno;
		}
		if (c.old == NULL && c.new == NULL)
			continue;
		if (c.old && c.new &&strcmp(c.old->text, c.new->text) == 0) {
			weft_object_free(c.new);
			continue;
		}
		set->change[set->n++] = c;
	}
	return 0;
}

static void
free_new(struct weft_changeset *set)
{
	for (unsigned int i = 0; i < set->n; i++)
		weft_object_free(set->change[i].new);
	free(set->change);
	*set = (struct weft_changeset){ 0 };
}

int
weft_model_change(struct weft_model *model, const json_t *changes, uint64_t now, struct weft_changeset *set,
	struct weft_error *err)
{
	unsigned int entered = 0;
	int ret = parse_changes(model, changes, set, err);

	if (ret) {
		free_new(set);
		return ret;
	}
	// All old objects leave before the first new one enters, so that two objects can exchange unique properties.
	for (unsigned int i = 0; i < set->n; i++)
		if (set->change[i].old)
			weft_index_leave(model, set->change[i].old);
	for (; ret == 0 && entered < set->n; entered++)
		if (set->change[entered].new && (ret = weft_index_enter(model, set->change[entered].new, err)))
			break;
	for (unsigned int i = 0; ret == 0 && i < set->n; i++)
		ret = check_change(model, &set->change[i], now, err);
	if (ret == 0)
		return 0;
	for (unsigned int i = 0; i < entered; i++)
		if (set->change[i].new)
			weft_index_leave(model, set->change[i].new);
	for (unsigned int i = 0; i < set->n; i++)
		if (set->change[i].old)
			weft_index_enter(model, set->change[i].old, &model->memory);
	free_new(set);
	return ret;
}

void
weft_model_revert(struct weft_model *model, struct weft_changeset *set)
{
	for (unsigned int i = 0; i < set->n; i++)
		if (set->change[i].new)
			weft_index_leave(model, set->change[i].new);
	for (unsigned int i = 0; i < set->n; i++)
		if (set->change[i].old)
			weft_index_enter(model, set->change[i].old, &model->memory);
	free_new(set);
}

void
weft_changeset_accept(struct weft_changeset *set)
{
	for (unsigned int i = 0; i < set->n; i++)
		weft_object_free(set->change[i].old);
	free(set->change);
	*set = (struct weft_changeset){ 0 };
}

static json_t *
changes_of(const struct weft_changeset *set, bool forward)
{
	json_t *changes = json_object();

	for (unsigned int i = 0; i < set->n; i++) {
		const struct weft_change *c = &set->change[i];
		const struct weft_object *to = forward ? c->new : c->old;

		json_object_set_new(
			changes, (c->new ? c->new : c->old)->key, to ? json_loads(to->text, 0, NULL) : json_null());
	}
	return changes;
}

json_t *
weft_changeset_forward(const struct weft_changeset *set)
{
	return changes_of(set, true);
}

json_t *
weft_changeset_inverse(const struct weft_changeset *set)
{
	return changes_of(set, false);
}

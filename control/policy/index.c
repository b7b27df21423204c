// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/base/address.h"
#include "lookup.h"

// Calls FN with the key, the kind and the name of each object that OBJECT refers to.
static int
each_reference(const struct weft_object *object,
	int (*fn)(void *arg, const char *key, const char *kind, const char *name), void *arg)
{
	const struct weft_port *port = (const struct weft_port *)object;
	const struct weft_group *group = weft_rules_of(object);
	char key[WEFT_KEY_SIZE];
	int ret = 0;

	if (object->kind == &weft_kind_port) {
		if (port->network[0]) {
			weft_key_sibling(object, &weft_kind_network, port->network, key);
			ret = fn(arg, key, "network", port->network);
		}
		if (ret == 0 && port->plan[0]) {
			weft_key_sibling(object, &weft_kind_plan, port->plan, key);
			ret = fn(arg, key, "plan", port->plan);
		}
		for (uint32_t i = 0; ret == 0 && i < port->groups.n; i++) {
			weft_key_sibling(object, &weft_kind_group, weft_name_at(&port->groups, i), key);
			ret = fn(arg, key, "group", weft_name_at(&port->groups, i));
		}
	} else if (group) {
		const struct weft_rule *rules = group->rules.items;

		for (uint32_t i = 0; ret == 0 && i < group->rules.n; i++) {
			const char *network = rules[i].remote.network, *remote = rules[i].remote.group;

			if (!network[0] && !remote[0])
				continue;
			weft_key_sibling(object, network[0] ? &weft_kind_network : &weft_kind_group,
				network[0] ? network : remote, key);
			ret = fn(arg, key, network[0] ? "network" : "group", network[0] ? network : remote);
		}
	}
	return ret;
}

struct reference {
	struct weft_model *model;
	const struct weft_object *from;
	struct weft_error *err;
};

static struct weft_target *
find_target(const struct weft_model *model, const char *key)
{
	struct weft_target *target;

	HASH_FIND_STR(model->targets, key, target);
	return target;
}

// Finds the target KEY, or makes it. Returns NULL without memory.
static struct weft_target *
need_target(struct weft_model *model, const char *key)
{
	struct weft_target *target = find_target(model, key);
	size_t len = strlen(key);

	if (target)
		return target;
	target = calloc(1, sizeof(*target) + len + 1);
	if (target == NULL)
		return NULL;
	memcpy(target->key, key, len);
	HASH_ADD_KEYPTR(hh, model->targets, target->key, len, target);
	if (target->hh.tbl)
		return target;
	free(target);
	return NULL;
}

static void
drop_if_unused(struct weft_model *model, struct weft_target *target)
{
	if (target->users)
		return;
	HASH_DEL(model->targets, target);
	free(target);
}

static struct weft_user *
find_user(const struct weft_target *target, const struct weft_object *object)
{
	struct weft_user *user;

	HASH_FIND_PTR(target->users, &object, user);
	return user;
}

// Makes the object a user of KEY. An object that refers to another one several times is its user once.
static int
add_user(void *arg, const char *key, const char *kind, const char *name)
{
	const struct reference *r = arg;
	struct weft_target *target = need_target(r->model, key);
	struct weft_user *user;

	(void)kind, (void)name;
	if (target == NULL)
		return -ENOMEM;
	if (find_user(target, r->from))
		return 0;
	user = calloc(1, sizeof(*user));
	if (user) {
		user->object = r->from;
		HASH_ADD_PTR(target->users, object, user);
		if (user->hh.tbl)
			return 0;
	}
	free(user);
	drop_if_unused(r->model, target);
	return -ENOMEM;
}

static int
del_user(void *arg, const char *key, const char *kind, const char *name)
{
	const struct reference *r = arg;
	struct weft_target *target = find_target(r->model, key);
	struct weft_user *user = target ? find_user(target, r->from) : NULL;

	(void)kind, (void)name;
	if (user == NULL)
		return 0;
	HASH_DEL(target->users, user);
	free(user);
	drop_if_unused(r->model, target);
	return 0;
}

static int
check_reference(void *arg, const char *key, const char *kind, const char *name)
{
	const struct reference *r = arg;

	if (weft_model_get(r->model, key))
		return 0;
	return weft_fail(r->err, ENOENT, "%s %s: its tenant has no %s \"%s\"; add the %s first", r->from->kind->name,
		r->from->path, kind, name, kind);
}

// Calls FN with each property of OBJECT that must be unique, in words.
static int
each_unique(const struct weft_model *model, const struct weft_object *object, int (*fn)(void *arg, const char *what),
	void *arg)
{
	const struct weft_port *port = (const struct weft_port *)object;
	const struct weft_network *network = (const struct weft_network *)object;
	const struct weft_host *host = (const struct weft_host *)object;
	char what[1024], mac[WEFT_MAC_TEXT], socket[768];
	int ret = 0;

	if (object->kind == &weft_kind_network) {
		if (network->vlan)
			snprintf(what, sizeof(what), "VLAN %u", network->vlan);
		else if (network->vni)
			snprintf(what, sizeof(what), "VNI %u", network->vni);
		return network->vlan || network->vni ? fn(arg, what) : 0;
	}
	if (object->kind == &weft_kind_host && !weft_ip_is_none(&host->tunnel.address)) {
		char text[WEFT_IP_TEXT];

		snprintf(what, sizeof(what), "tunnel address %s", weft_ip_format(&host->tunnel.address, text));
		return fn(arg, what);
	}
	if (object->kind != &weft_kind_port)
		return 0;
	if (port->attach.type == WEFT_ATTACH_GATEWAY) {
		snprintf(what, sizeof(what), "VLAN %u", port->attach.vlan);
		ret = fn(arg, what);
		snprintf(what, sizeof(what), "gateway of network %.*s/%s", (int)strcspn(object->path, "/"),
			object->path, port->network);
		return ret ? ret : fn(arg, what);
	}
	if (port->attach.type == WEFT_ATTACH_VF)
		snprintf(what, sizeof(what), "VF %u of PF %s", port->attach.index, port->attach.pf);
	else if (port->attach.type == WEFT_ATTACH_ETH)
		// Representors are ports of one device.
		snprintf(what, sizeof(what), "device %.*s",
			(int)strcspn(port->attach.device, strstr(port->attach.device, ",representor=") ? "" : ","),
			port->attach.device);
	else {
		weft_port_socket(port, model->vhost_dir, socket, sizeof(socket));
		snprintf(what, sizeof(what), "socket %s", socket);
	}
	if (port->host[0])
		snprintf(what + strlen(what), sizeof(what) - strlen(what), " on host %s", port->host);
	ret = fn(arg, what);
	if (ret == 0 && port->mac && port->network[0]) {
		weft_mac_format(port->mac, mac);
		snprintf(what, sizeof(what), "MAC %s in network %.*s/%s", mac, (int)strcspn(object->path, "/"),
			object->path, port->network);
		ret = fn(arg, what);
	}
	return ret;
}

static struct weft_claim *
find_claim(struct weft_claim *claims, const char *what)
{
	struct weft_claim *claim;

	HASH_FIND_STR(claims, what, claim);
	return claim;
}

// Makes OBJECT the owner of WHAT. Returns 0 or -ENOMEM.
static int
claim(struct weft_claim **claims, const char *what, const struct weft_object *object)
{
	struct weft_claim *new = find_claim(*claims, what);
	size_t len = strlen(what);

	if (new) {
		new->object = object;
		return 0;
	}
	new = calloc(1, sizeof(*new) + len + 1);
	if (new == NULL)
		return -ENOMEM;
	memcpy(new->what, what, len);
	new->object = object;
	HASH_ADD_KEYPTR(hh, *claims, new->what, len, new);
	if (new->hh.tbl)
		return 0;
	free(new);
	return -ENOMEM;
}

// Makes WHAT free if OBJECT is its owner.
static void
unclaim(struct weft_claim **claims, const char *what, const struct weft_object *object)
{
	struct weft_claim *old = find_claim(*claims, what);

	if (old == NULL || old->object != object)
		return;
	HASH_DEL(*claims, old);
	free(old);
}

static int
add_unique(void *arg, const char *what)
{
	const struct reference *r = arg;
	const struct weft_claim *other = find_claim(r->model->unique, what);

	if (other)
		return weft_fail(
			r->err, EEXIST, "%s: %s is already used by %s", r->from->path, what, other->object->path);
	return claim(&r->model->unique, what, r->from);
}

static int
del_unique(void *arg, const char *what)
{
	const struct reference *r = arg;

	unclaim(&r->model->unique, what, r->from);
	return 0;
}

int
weft_index_each_address(const char *path, const char *network, uint64_t mac, const struct weft_ips *ips,
	int (*fn)(void *arg, const char *what), void *arg)
{
	char what[256], text[64];
	size_t len = snprintf(what, sizeof(what), "%.*s/%s ", (int)strcspn(path, "/"), path, network);
	int ret = 0;

	if (mac) {
		weft_mac_format(mac, text);
		snprintf(what + len, sizeof(what) - len, "%s", text);
		ret = fn(arg, what);
	}
	for (unsigned int i = 0; ret == 0 && i < ips->n4; i++) {
		weft_prefix4_format(&ips->v4[i], text, sizeof(text));
		snprintf(what + len, sizeof(what) - len, "%s", text);
		ret = fn(arg, what);
	}
	for (unsigned int i = 0; ret == 0 && i < ips->n6; i++) {
		weft_prefix6_format(&ips->v6[i], text, sizeof(text));
		snprintf(what + len, sizeof(what) - len, "%s", text);
		ret = fn(arg, what);
	}
	return ret;
}

static int
add_barred(void *arg, const char *what)
{
	const struct reference *r = arg;

	return claim(&r->model->barred, what, r->from);
}

static int
del_barred(void *arg, const char *what)
{
	const struct reference *r = arg;

	unclaim(&r->model->barred, what, r->from);
	return 0;
}

const struct weft_retired *
weft_index_barred(const struct weft_model *model, const char *what)
{
	const struct weft_claim *found = find_claim(model->barred, what);

	return found ? (const struct weft_retired *)found->object : NULL;
}

// Adds one to the number of ports of OBJECT's tenant. Returns 0 or -ENOMEM.
static int
count_port(struct weft_model *model, const struct weft_object *object)
{
	struct weft_tenant *tenant;
	char name[WEFT_NAME_SIZE];

	weft_object_tenant(object, name);
	HASH_FIND_STR(model->tenants, name, tenant);
	if (tenant == NULL) {
		tenant = calloc(1, sizeof(*tenant) + sizeof(name));
		if (tenant == NULL)
			return -ENOMEM;
		memcpy(tenant->name, name, sizeof(name));
		HASH_ADD_STR(model->tenants, name, tenant);
		if (tenant->hh.tbl == NULL) {
			free(tenant);
			return -ENOMEM;
		}
	}
	tenant->n_ports++;
	return 0;
}

static void
uncount_port(struct weft_model *model, const struct weft_object *object)
{
	struct weft_tenant *tenant;
	char name[WEFT_NAME_SIZE];

	weft_object_tenant(object, name);
	HASH_FIND_STR(model->tenants, name, tenant);
	if (tenant == NULL || --tenant->n_ports)
		return;
	HASH_DEL(model->tenants, tenant);
	free(tenant);
}

static int
no_memory(const struct weft_object *object, struct weft_error *err)
{
	return weft_fail(err, ENOMEM, "%s %s: no memory", object->kind->name, object->path);
}

int
weft_index_enter(struct weft_model *model, struct weft_object *object, struct weft_error *err)
{
	struct reference r = { .model = model, .from = object, .err = err };
	const struct weft_retired *retired = (const struct weft_retired *)object;
	int ret = each_unique(model, object, add_unique, &r);

	if (ret == 0 && object->kind == &weft_kind_port)
		ret = count_port(model, object);
	if (ret) {
		each_unique(model, object, del_unique, &r);
		return ret == -ENOMEM ? no_memory(object, err) : ret;
	}
	HASH_ADD_STR(model->objects, key, object);
	model->n[weft_kind_index(object->kind)]++;
	ret = object->hh.tbl ? each_reference(object, add_user, &r) : -ENOMEM;
	if (ret == 0 && object->kind == &weft_kind_retired)
		ret = weft_index_each_address(
			object->path, retired->network, retired->mac, &retired->ips, add_barred, &r);
	if (ret == 0)
		return 0;
	weft_index_leave(model, object);
	return no_memory(object, err);
}

void
weft_index_leave(struct weft_model *model, struct weft_object *object)
{
	struct reference r = { .model = model, .from = object };
	const struct weft_retired *retired = (const struct weft_retired *)object;

	each_unique(model, object, del_unique, &r);
	each_reference(object, del_user, &r);
	if (object->kind == &weft_kind_retired)
		weft_index_each_address(object->path, retired->network, retired->mac, &retired->ips, del_barred, &r);
	if (object->kind == &weft_kind_port)
		uncount_port(model, object);
	if (object->hh.tbl)
		HASH_DEL(model->objects, object);
	model->n[weft_kind_index(object->kind)]--;
}

int
weft_index_check_references(struct weft_model *model, const struct weft_object *object, struct weft_error *err)
{
	struct reference r = { .model = model, .from = object, .err = err };

	return each_reference(object, check_reference, &r);
}

static void
clear_claims(struct weft_claim **claims)
{
	struct weft_claim *one, *next;

	HASH_ITER (hh, *claims, one, next) {
		HASH_DEL(*claims, one);
		free(one);
	}
}

void
weft_index_clear(struct weft_model *model)
{
	struct weft_target *target, *next_target;
	struct weft_user *user, *next_user;
	struct weft_tenant *tenant, *next_tenant;

	HASH_ITER (hh, model->targets, target, next_target) {
		HASH_ITER (hh, target->users, user, next_user) {
			HASH_DEL(target->users, user);
			free(user);
		}
		drop_if_unused(model, target);
	}
	HASH_ITER (hh, model->tenants, tenant, next_tenant) {
		HASH_DEL(model->tenants, tenant);
		free(tenant);
	}
	clear_claims(&model->unique);
	clear_claims(&model->barred);
}

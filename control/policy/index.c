// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The indices of a model: who refers to whom, what only one may have, what is barred. An object enters them all, and
// leaves them all.
#include "index.h"

#include <stdio.h>
#include <string.h>

#include "control/base/address.h"
#include "control/base/map.h"
#include "lookup.h"

// Calls FN with the key of each object that OBJECT refers to, and with what the reference is in words.
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

static int
add_user(void *arg, const char *key, const char *kind, const char *name)
{
	const struct reference *r = arg;
	json_t *users = json_object_get(r->model->users, key);

	(void)kind, (void)name;
	if (users == NULL) {
		users = json_object();
		json_object_set_new(r->model->users, key, users);
	}
	weft_map_set(users, r->from->key, r->from);
	return 0;
}

static int
del_user(void *arg, const char *key, const char *kind, const char *name)
{
	const struct reference *r = arg;
	json_t *users = json_object_get(r->model->users, key);

	(void)kind, (void)name;
	json_object_del(users, r->from->key);
	if (json_object_size(users) == 0)
		json_object_del(r->model->users, key);
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

// Calls FN with each thing that OBJECT alone may have, in words.
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

static int
add_unique(void *arg, const char *what)
{
	const struct reference *r = arg;
	const struct weft_object *other = weft_map_get(r->model->unique, what);

	if (other)
		return weft_fail(r->err, EEXIST, "%s: %s is already %s's", r->from->path, what, other->path);
	weft_map_set(r->model->unique, what, r->from);
	return 0;
}

static int
del_unique(void *arg, const char *what)
{
	const struct reference *r = arg;

	if (weft_map_get(r->model->unique, what) == r->from)
		json_object_del(r->model->unique, what);
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

	return weft_map_set(r->model->barred, what, r->from);
}

static int
del_barred(void *arg, const char *what)
{
	const struct reference *r = arg;

	if (weft_map_get(r->model->barred, what) == r->from)
		json_object_del(r->model->barred, what);
	return 0;
}

// Puts OBJECT into the model's indices, or takes it out.
int
weft_index_enter(struct weft_model *model, struct weft_object *object, struct weft_error *err)
{
	struct reference r = { .model = model, .from = object, .err = err };
	const struct weft_retired *retired = (const struct weft_retired *)object;
	char tenant[WEFT_NAME_SIZE];
	int ret = each_unique(model, object, add_unique, &r);

	if (ret) {
		each_unique(model, object, del_unique, &r);
		return ret;
	}
	weft_map_set(model->objects, object->key, object);
	model->n[weft_kind_index(object->kind)]++;
	each_reference(object, add_user, &r);
	if (object->kind == &weft_kind_retired)
		weft_index_each_address(object->path, retired->network, retired->mac, &retired->ips, add_barred, &r);
	if (object->kind == &weft_kind_port) {
		weft_object_tenant(object, tenant);
		weft_map_set(model->tenants, tenant, (char *)weft_map_get(model->tenants, tenant) + 1);
	}
	return 0;
}

void
weft_index_leave(struct weft_model *model, struct weft_object *object)
{
	struct reference r = { .model = model, .from = object };
	const struct weft_retired *retired = (const struct weft_retired *)object;
	char tenant[WEFT_NAME_SIZE];

	each_unique(model, object, del_unique, &r);
	each_reference(object, del_user, &r);
	if (object->kind == &weft_kind_retired)
		weft_index_each_address(object->path, retired->network, retired->mac, &retired->ips, del_barred, &r);
	if (object->kind == &weft_kind_port) {
		weft_object_tenant(object, tenant);
		weft_map_set(model->tenants, tenant, (char *)weft_map_get(model->tenants, tenant) - 1);
	}
	json_object_del(model->objects, object->key);
	model->n[weft_kind_index(object->kind)]--;
}

int
weft_index_check_references(struct weft_model *model, const struct weft_object *object, struct weft_error *err)
{
	struct reference r = { .model = model, .from = object, .err = err };

	return each_reference(object, check_reference, &r);
}

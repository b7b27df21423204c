// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "relevance.h"

#include <stdio.h>
#include <string.h>

#define MAX_HOSTS 60 // the most that a publication names; if there are more, it is for all hosts

// Writes "tenant/network" of OBJECT, the port at KEY. False: it is not a port, or is in no network.
static bool
network_of(const char *key, const json_t *object, char path[WEFT_PATH_SIZE])
{
	const char *network = json_string_value(json_object_get(object, "network"));
	char tenant[WEFT_NAME_SIZE], name[WEFT_NAME_SIZE];
	const struct weft_kind *kind;
	struct weft_error err;

	if (weft_key_parse(key, &kind, tenant, name, &err) || kind != &weft_kind_port || network == NULL)
		return false;
	snprintf(path, WEFT_PATH_SIZE, "%s/%.63s", tenant, network);
	return true;
}

static bool
is_on(const json_t *object, const char *name)
{
	const char *host = json_string_value(json_object_get(object, "host"));

	return host && strcmp(host, name) == 0;
}

static bool
is_port_key(const char *key)
{
	const char *kind = strncmp(key, "tenants/", 8) == 0 ? strchr(key + 8, '/') : NULL;

	return kind && strncmp(kind, "/ports/", 7) == 0;
}

static void
tenant_of(const char *key, char tenant[WEFT_NAME_SIZE])
{
	tenant[0] = 0;
	if (strncmp(key, "tenants/", 8) == 0)
		snprintf(tenant, WEFT_NAME_SIZE, "%.*s", (int)strcspn(key + 8, "/"), key + 8);
}

json_t *
relevant_objects(const json_t *objects, const char *name)
{
	json_t *tenants = json_object(), *networks = json_object(), *relevant = json_object(), *object;
	char path[WEFT_PATH_SIZE], tenant[WEFT_NAME_SIZE];
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)objects, key, object) {
		if (!is_port_key(key) || !is_on(object, name))
			continue;
		tenant_of(key, tenant);
		json_object_set_new(tenants, tenant, json_true());
		if (network_of(key, object, path))
			json_object_set_new(networks, path, json_true());
	}
	json_object_foreach ((json_t *)(uintptr_t)objects, key, object) {
		bool keep;

		tenant_of(key, tenant);
		if (is_port_key(key))
			keep = is_on(object, name) ||
			       (network_of(key, object, path) && json_object_get(networks, path));
		else
			keep = tenant[0] == 0 || json_object_get(tenants, tenant);
		if (keep)
			json_object_set(relevant, key, object);
	}
	json_decref(tenants);
	json_decref(networks);
	return relevant;
}

json_t *
difference(const struct weft_model *model, const json_t *objects)
{
	json_t *changes = json_copy((json_t *)(uintptr_t)objects);

	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		if (json_object_get(objects, object->key) == NULL)
			json_object_set_new(changes, object->key, json_null());
	return changes;
}

// Whether a port comes to the host, leaves it, or changes its network there.
static bool
own_ports_move(const struct weft_model *model, const char *name, const json_t *changes)
{
	json_t *object;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)changes, key, object) {
		const struct weft_port *old =
			is_port_key(key) ? (const struct weft_port *)weft_model_get(model, key) : NULL;
		bool was = old && strcmp(old->host, name) == 0, is = is_port_key(key) && is_on(object, name);
		const char *network = json_string_value(json_object_get(object, "network"));

		if (was != is || (was && is && strcmp(old->network, network ? network : "")))
			return true;
	}
	return false;
}

// Whether the host has a port in NETWORK ("tenant/network").
static bool
has_port_in(const struct weft_model *model, const char *name, const char *network)
{
	char key[WEFT_KEY_SIZE];

	weft_key_make(&weft_kind_network, network, key);
	for (const struct weft_user *user = weft_model_users(model, key); user; user = user->hh.next) {
		const struct weft_port *port = (const struct weft_port *)user->object;

		if (port->o.kind == &weft_kind_port && strcmp(port->host, name) == 0)
			return true;
	}
	return false;
}

json_t *
relevant_changes(const struct weft_model *model, const char *name, const json_t *changes, bool *load)
{
	json_t *relevant = json_object(), *seen = json_object(), *object;
	char tenant[WEFT_NAME_SIZE], path[WEFT_PATH_SIZE];
	const char *key;

	*load = own_ports_move(model, name, changes);
	json_object_foreach ((json_t *)(uintptr_t)changes, key, object) {
		bool known = weft_model_get(model, key) != NULL, keep;
		json_t *before;

		tenant_of(key, tenant);
		if (is_port_key(key) && network_of(key, object, path)) {
			// Bundles can be large, so each network is looked up only once.
			before = json_object_get(seen, path);
			if (before == NULL) {
				before = json_boolean(has_port_in(model, name, path));
				json_object_set_new(seen, path, before);
			}
			keep = json_is_true(before);
		} else if (is_port_key(key)) {
			keep = is_on(object, name);
		} else {
			keep = tenant[0] == 0 || weft_model_tenant_ports(model, tenant);
		}
		if (keep)
			json_object_set(relevant, key, object);
		else if (known)
			json_object_set_new(relevant, key, json_null());
	}
	json_decref(seen);
	return relevant;
}

struct hosts {
	const struct weft_model *model;
	json_t *names;	  // set of hosts
	json_t *tenants;  // set of tenants, of which all hosts are concerned
	json_t *networks; // set of keys of networks, of which all hosts are concerned
	bool all;	  // all hosts are concerned
};

static void
add_change(struct hosts *hosts, const struct weft_object *object)
{
	const struct weft_port *port = (const struct weft_port *)object;
	char tenant[WEFT_NAME_SIZE], path[WEFT_PATH_SIZE], key[WEFT_KEY_SIZE];

	if (object == NULL || object->kind == &weft_kind_retired)
		return;
	if (!object->kind->in_tenant) {
		hosts->all = true;
		return;
	}
	weft_object_tenant(object, tenant);
	if (object->kind != &weft_kind_port) {
		json_object_set_new(hosts->tenants, tenant, json_true());
		return;
	}
	if (port->host[0])
		json_object_set_new(hosts->names, port->host, json_true());
	if (port->network[0]) {
		snprintf(path, sizeof(path), "%.63s/%.63s", tenant, port->network);
		weft_key_make(&weft_kind_network, path, key);
		json_object_set_new(hosts->networks, key, json_true());
	}
}

static void
add_port(struct hosts *hosts, const struct weft_object *object)
{
	const struct weft_port *port = (const struct weft_port *)object;

	if (object->kind == &weft_kind_port && port->host[0])
		json_object_set_new(hosts->names, port->host, json_true());
}

json_t *
concerned_hosts(const struct weft_model *model, const struct weft_changeset *set)
{
	struct hosts hosts = {
		.model = model, .names = json_object(), .tenants = json_object(), .networks = json_object()
	};
	json_t *list = json_array(), *value;
	char tenant[WEFT_NAME_SIZE];
	const char *key;

	for (unsigned int i = 0; i < set->n; i++) {
		add_change(&hosts, set->change[i].old);
		add_change(&hosts, set->change[i].new);
	}
	json_object_foreach (hosts.networks, key, value)
		for (const struct weft_user *user = weft_model_users(model, key); user; user = user->hh.next)
			add_port(&hosts, user->object);
	if (json_object_size(hosts.tenants)) {
		for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
			tenant_of(object->key, tenant);
			if (json_object_get(hosts.tenants, tenant))
				add_port(&hosts, object);
		}
	}
	json_object_foreach (hosts.names, key, value)
		json_array_append_new(list, json_string(key));
	// Naming many hosts costs more than telling all of them.
	if (hosts.all || json_array_size(list) > MAX_HOSTS) {
		json_decref(list);
		list = json_string("*");
	}
	json_decref(hosts.names);
	json_decref(hosts.tenants);
	json_decref(hosts.networks);
	return list;
}

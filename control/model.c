// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Building and checking a model.
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

static const char *const kinds[] = { "networks", "ports", NULL };

static bool
known_kind(const char *name)
{
	for (unsigned int i = 0; kinds[i]; i++)
		if (strcmp(kinds[i], name) == 0)
			return true;
	return false;
}

static int
merge_kind(json_t *to, const char *where, const json_t *objects, struct weft_error *err)
{
	const char *name;
	json_t *object;

	if (!json_is_object(objects))
		return weft_fail(err, EINVAL, "%s: expected an object of objects by name", where);
	json_object_foreach ((json_t *)(uintptr_t)objects, name, object) {
		if (!weft_name_valid(name))
			return weft_fail(err, EINVAL,
				"%s: \"%.80s\" is no name: use 1 to 63 letters, digits, '.', '_' and '-', a letter or "
				"digit first",
				where, name);
		if (json_is_null(object))
			json_object_del(to, name);
		else
			json_object_set_new(to, name, json_deep_copy(object));
	}
	return 0;
}

// The object NAME in PARENT, made where it is missing.
static json_t *
child(json_t *parent, const char *name)
{
	if (json_object_get(parent, name) == NULL)
		json_object_set_new(parent, name, json_object());
	return json_object_get(parent, name);
}

static int
merge_tenant(json_t *to, const char *name, const json_t *tenant, struct weft_error *err)
{
	const char *kind;
	json_t *objects;
	char where[256];
	int ret = 0;

	if (!weft_name_valid(name))
		return weft_fail(err, EINVAL, "tenants: \"%.80s\" is no name", name);
	if (!json_is_object(tenant))
		return weft_fail(err, EINVAL, "tenants.%s: expected an object { ... }", name);
	json_object_foreach ((json_t *)(uintptr_t)tenant, kind, objects) {
		snprintf(where, sizeof(where), "tenants.%s.%.64s", name, kind);
		if (!known_kind(kind))
			return weft_fail(
				err, EINVAL, "%s: there is no such kind of object; known are networks, ports", where);
		ret = merge_kind(child(child(to, name), kind), where, objects, err);
		if (ret)
			return ret;
	}
	return 0;
}

json_t *
weft_model_merge(const json_t *tree, const json_t *bundle, struct weft_error *err)
{
	json_t *merged = tree ? json_deep_copy(tree) : json_object(), *tenants = child(merged, "tenants"), *value;
	const char *key;
	int ret = 0;

	if (!json_is_object(bundle))
		ret = weft_fail(err, EINVAL, "expected an object { \"tenants\": ... }");
	json_object_foreach ((json_t *)(uintptr_t)bundle, key, value) {
		if (strcmp(key, "tenants") || !json_is_object(value))
			ret = weft_fail(err, EINVAL, "%.64s: %s", key,
				strcmp(key, "tenants") ? "there is no such field; known is tenants"
						       : "expected an object");
		if (ret)
			break;
	}
	value = json_object_get(bundle, "tenants");
	if (ret == 0) {
		json_t *tenant;

		json_object_foreach (value, key, tenant) {
			ret = merge_tenant(tenants, key, tenant, err);
			if (ret)
				break;
		}
	}
	if (ret) {
		json_decref(merged);
		return NULL;
	}
	return merged;
}

void
weft_port_socket(const struct weft_port *port, const char *vhost_dir, char *path, size_t size)
{
	const char *slash = strchr(port->path, '/');

	if (port->attach.path[0])
		snprintf(path, size, "%s", port->attach.path);
	else
		snprintf(path, size, "%s/%.*s.%s.sock", vhost_dir, (int)(slash - port->path), port->path, slash + 1);
}

const struct weft_network *
weft_model_network(const struct weft_model *model, const char *path)
{
	const json_t *index = json_object_get(model->network_index, path);

	return index ? &model->networks[json_integer_value(index)] : NULL;
}

const struct weft_port *
weft_model_port(const struct weft_model *model, const char *path)
{
	for (unsigned int i = 0; i < model->n_ports; i++)
		if (strcmp(model->ports[i].path, path) == 0)
			return &model->ports[i];
	return NULL;
}

const struct weft_network *
weft_model_port_network(const struct weft_model *model, const struct weft_port *port)
{
	char path[WEFT_PATH_SIZE];

	if (port->network[0] == 0)
		return NULL;
	snprintf(path, sizeof(path), "%.*s/%s", (int)(strchr(port->path, '/') - port->path), port->path, port->network);
	return weft_model_network(model, path);
}

// Enters KEY, which only one port may have. WHAT and KEY name it in the error.
static int
enter_unique(json_t *set, const char *key, const char *what, const char *owner, struct weft_error *err)
{
	const json_t *other = json_object_get(set, key);

	if (other)
		return weft_fail(err, EEXIST, "%s: %s is already %s's", owner, what, json_string_value(other));
	return json_object_set_new(set, key, json_string(owner)) ? weft_fail(err, ENOMEM, "no memory") : 0;
}

static int
check_port(const struct weft_model *model, const struct weft_port *port, const char *vhost_dir, json_t *set,
	struct weft_error *err)
{
	const struct weft_network *network = weft_model_port_network(model, port);
	char key[1024], what[768], mac[WEFT_MAC_TEXT], socket[768];
	struct weft_attach *attach = NULL;
	int ret;

	if (port->network[0] && network == NULL)
		return weft_fail(err, ENOENT, "port %s: its tenant has no network \"%s\"; add the network first",
			port->path, port->network);
	if (port->attach.type == WEFT_ATTACH_ETH) {
		snprintf(
			what, sizeof(what), "device %.*s", (int)strcspn(port->attach.device, ","), port->attach.device);
	} else {
		weft_port_socket(port, vhost_dir, socket, sizeof(socket));
		if (strlen(socket) >= sizeof(attach->path))
			return weft_fail(err, EINVAL,
				"port %s: socket %s has %zu bytes, and a UNIX socket's path has at most %zu: "
				"set a shorter attach.path",
				port->path, socket, strlen(socket), sizeof(attach->path) - 1);
		snprintf(what, sizeof(what), "socket %s", socket);
	}
	ret = enter_unique(set, what, what, port->path, err);
	if (ret == 0 && port->mac && network) {
		weft_mac_format(port->mac, mac);
		snprintf(key, sizeof(key), "mac %s %s", network->path, mac);
		snprintf(what, sizeof(what), "MAC %s in network %s", mac, network->path);
		ret = enter_unique(set, key, what, port->path, err);
	}
	return ret;
}

static int
check_networks(const struct weft_model *model, json_t *set, struct weft_error *err)
{
	char what[32];
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < model->n_networks; i++) {
		if (model->networks[i].encap != WEFT_ENCAP_VLAN)
			continue;
		snprintf(what, sizeof(what), "VLAN %u", model->networks[i].vlan);
		ret = enter_unique(set, what, what, model->networks[i].path, err);
	}
	return ret;
}

static int
check(const struct weft_model *model, const char *vhost_dir, struct weft_error *err)
{
	json_t *set = json_object();
	int ret = check_networks(model, set, err);

	for (unsigned int i = 0; ret == 0 && i < model->n_ports; i++)
		ret = check_port(model, &model->ports[i], vhost_dir, set, err);
	json_decref(set);
	return ret;
}

static unsigned int
count(const json_t *tenants, const char *kind)
{
	const char *name;
	json_t *tenant;
	unsigned int n = 0;

	json_object_foreach ((json_t *)(uintptr_t)tenants, name, tenant)
		n += json_object_size(json_object_get(tenant, kind));
	return n;
}

static int
parse_tenant(struct weft_model *model, const char *tenant_name, json_t *tenant, struct weft_error *err)
{
	char path[WEFT_PATH_SIZE];
	const char *name;
	json_t *object;
	int ret = 0;

	json_object_foreach (json_object_get(tenant, "networks"), name, object) {
		snprintf(path, sizeof(path), "%s/%s", tenant_name, name);
		ret = weft_network_parse(path, object, &model->networks[model->n_networks], err);
		if (ret)
			return ret;
		json_object_set_new(model->network_index, path, json_integer(model->n_networks++));
	}
	json_object_foreach (json_object_get(tenant, "ports"), name, object) {
		snprintf(path, sizeof(path), "%s/%s", tenant_name, name);
		ret = weft_port_parse(path, object, &model->ports[model->n_ports], err);
		if (ret)
			return ret;
		model->n_ports++;
	}
	return 0;
}

struct weft_model *
weft_model_new(json_t *tree, const char *vhost_dir, struct weft_error *err)
{
	struct weft_model *model = calloc(1, sizeof(*model));
	json_t *tenants = json_object_get(tree, "tenants"), *tenant;
	unsigned int n_networks = count(tenants, "networks"), n_ports = count(tenants, "ports");
	const char *name;
	int ret = 0;

	if (model) {
		model->tree = tree;
		model->networks = calloc(n_networks + 1, sizeof(model->networks[0]));
		model->ports = calloc(n_ports + 1, sizeof(model->ports[0]));
		model->network_index = json_object();
	}
	if (!model || !model->networks || !model->ports || !model->network_index)
		ret = weft_fail(err, ENOMEM, "no memory for %u ports and %u networks", n_ports, n_networks);
	else if (n_ports >= WEFT_MAX_PORTS)
		ret = weft_fail(err, E2BIG, "%u ports, and a host has at most %u", n_ports, WEFT_MAX_PORTS - 1);
	json_object_foreach (tenants, name, tenant) {
		if (ret == 0)
			ret = parse_tenant(model, name, tenant, err);
	}
	if (ret == 0)
		ret = check(model, vhost_dir, err);
	if (ret == 0)
		return model;
	if (model)
		weft_model_free(model);
	else
		json_decref(tree);
	return NULL;
}

void
weft_model_free(struct weft_model *model)
{
	if (model == NULL)
		return;
	json_decref(model->tree);
	json_decref(model->network_index);
	free(model->networks);
	free(model->ports);
	free(model);
}

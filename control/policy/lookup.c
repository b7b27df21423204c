// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "lookup.h"

struct weft_object *
weft_model_get(const struct weft_model *model, const char *key)
{
	struct weft_object *object;

	HASH_FIND_STR(model->objects, key, object);
	return object;
}

static struct weft_object *
get_path(const struct weft_model *model, const struct weft_kind *kind, const char *path)
{
	char key[WEFT_KEY_SIZE];

	weft_key_make(kind, path, key);
	return weft_model_get(model, key);
}

const struct weft_network *
weft_model_network(const struct weft_model *model, const char *path)
{
	return (const struct weft_network *)get_path(model, &weft_kind_network, path);
}

const struct weft_port *
weft_model_port(const struct weft_model *model, const char *path)
{
	return (const struct weft_port *)get_path(model, &weft_kind_port, path);
}

const struct weft_host *
weft_model_host(const struct weft_model *model, const char *name)
{
	return (const struct weft_host *)get_path(model, &weft_kind_host, name);
}

unsigned int
weft_kind_index(const struct weft_kind *kind)
{
	unsigned int i = 0;

	while (weft_kinds[i] != kind)
		i++;
	return i;
}

unsigned int
weft_model_count(const struct weft_model *model, const struct weft_kind *kind)
{
	return model->n[weft_kind_index(kind)];
}

const struct weft_network *
weft_model_port_network(const struct weft_model *model, const struct weft_port *port)
{
	char key[WEFT_KEY_SIZE];

	if (port->network[0] == 0)
		return NULL;
	weft_key_sibling(&port->o, &weft_kind_network, port->network, key);
	return (const struct weft_network *)weft_model_get(model, key);
}

const struct weft_plan *
weft_model_port_plan(const struct weft_model *model, const struct weft_port *port)
{
	char key[WEFT_KEY_SIZE];

	if (port->plan[0] == 0)
		return NULL;
	weft_key_sibling(&port->o, &weft_kind_plan, port->plan, key);
	return (const struct weft_plan *)weft_model_get(model, key);
}

const struct weft_limits *
weft_model_tenant_limits(const struct weft_model *model, const char *tenant)
{
	return (const struct weft_limits *)get_path(model, &weft_kind_limits, tenant);
}

const struct weft_limits *
weft_model_limits(const struct weft_model *model, const struct weft_port *port)
{
	char tenant[WEFT_NAME_SIZE];

	weft_object_tenant(&port->o, tenant);
	return weft_model_tenant_limits(model, tenant);
}

uint16_t
weft_model_largest_mtu(const struct weft_model *model)
{
	uint16_t mtu = WEFT_MTU_DEFAULT;

	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		if (object->kind == &weft_kind_network)
			mtu = RTE_MAX(mtu, weft_network_wire_mtu((const struct weft_network *)object));
	return mtu;
}

enum weft_isolation
weft_model_isolation(const struct weft_model *model, const struct weft_port *port)
{
	const struct weft_limits *limits = weft_model_limits(model, port);

	return limits ? (enum weft_isolation)limits->on_isolation : WEFT_ISOLATION_KEEP;
}

const struct weft_user *
weft_model_users(const struct weft_model *model, const char *key)
{
	const struct weft_target *target;

	HASH_FIND_STR(model->targets, key, target);
	return target ? target->users : NULL;
}

unsigned int
weft_model_tenant_ports(const struct weft_model *model, const char *tenant)
{
	const struct weft_tenant *found;

	HASH_FIND_STR(model->tenants, tenant, found);
	return found ? found->n_ports : 0;
}

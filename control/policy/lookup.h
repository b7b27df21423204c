// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Reading a model. The objects that these functions return belong to the model, and are valid until it changes. Control
// thread.
#pragma once

#include "policy.h"

// The object of KEY, or NULL.
struct weft_object *weft_model_get(const struct weft_model *model, const char *key);

// The port or the network "tenant/name", or NULL.
const struct weft_network *weft_model_network(const struct weft_model *model, const char *path);
const struct weft_port *weft_model_port(const struct weft_model *model, const char *path);

// The host "name", or NULL.
const struct weft_host *weft_model_host(const struct weft_model *model, const char *name);

// The index of KIND in weft_kinds.
unsigned int weft_kind_index(const struct weft_kind *kind);

// How many objects of KIND there are.
unsigned int weft_model_count(const struct weft_model *model, const struct weft_kind *kind);

// The network of a port, or NULL for an uplink.
const struct weft_network *weft_model_port_network(const struct weft_model *model, const struct weft_port *port);

// A port's data plan, or NULL.
const struct weft_plan *weft_model_port_plan(const struct weft_model *model, const struct weft_port *port);

// The largest MTU that any network needs of an uplink, room for tunnels included; at least WEFT_MTU_DEFAULT.
uint16_t weft_model_largest_mtu(const struct weft_model *model);

// The limits of a tenant, or NULL; and those of a port's tenant.
const struct weft_limits *weft_model_tenant_limits(const struct weft_model *model, const char *tenant);
const struct weft_limits *weft_model_limits(const struct weft_model *model, const struct weft_port *port);

// Returns how a host that lost the cluster handles PORT, from the limits of the port's tenant.
enum weft_isolation weft_model_isolation(const struct weft_model *model, const struct weft_port *port);

// The objects that refer to the object with KEY, as a list by hh.next. NULL: there are none.
const struct weft_user *weft_model_users(const struct weft_model *model, const char *key);

// How many ports a tenant has.
unsigned int weft_model_tenant_ports(const struct weft_model *model, const char *tenant);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The desired state: objects by key, with their references checked. It changes in place, by whole sets of changes
// that can be taken back. Control thread.
#pragma once

#include "kinds.h"

struct weft_model {
	char vhost_dir[256]; // where sockets without a path lie
	json_t *objects;     // map: key to struct weft_object
	json_t *users;	     // key of a network, group or plan to a map of those that refer to it, by their keys
	json_t *unique;	     // map: what only one may have ("MAC 52:... in network t/n") to its object
	json_t *barred;	     // map: an address of a retired port to its struct weft_retired
	json_t *tenants;     // map: tenant to its number of ports
	unsigned int n[16];  // objects by kind, in the order of weft_kinds
	struct weft_error memory;
};

struct weft_change {
	struct weft_object *old; // NULL: added
	struct weft_object *new; // NULL: removed
};

struct weft_changeset {
	struct weft_change *change;
	unsigned int n;
};

// Returns NULL without memory.
struct weft_model *weft_model_new(const char *vhost_dir);
void weft_model_free(struct weft_model *model);

// Makes CHANGES, {key: object, or null to remove it}, part of MODEL; what is as it was is left out of SET. Returns 0,
// or -errno with ERR, and then MODEL is as before. NOW is in seconds since 1970, for what is barred for a time.
int weft_model_change(struct weft_model *model, const json_t *changes, uint64_t now, struct weft_changeset *set,
	struct weft_error *err);

// Takes SET back, or accepts it for good; frees what is not needed any more, and SET's memory.
void weft_model_revert(struct weft_model *model, struct weft_changeset *set);
void weft_changeset_accept(struct weft_changeset *set);

// Changes that do what SET does, complete with defaults, and the opposite: new objects as weft_model_change() takes
// them.
json_t *weft_changeset_forward(const struct weft_changeset *set);
json_t *weft_changeset_inverse(const struct weft_changeset *set);

// The object of KEY, or NULL.
struct weft_object *weft_model_get(const struct weft_model *model, const char *key);

// The port or the network "tenant/name", or NULL.
const struct weft_network *weft_model_network(const struct weft_model *model, const char *path);
const struct weft_port *weft_model_port(const struct weft_model *model, const char *path);

// The host "name", or NULL.
const struct weft_host *weft_model_host(const struct weft_model *model, const char *name);

// How many objects of KIND there are.
unsigned int weft_model_count(const struct weft_model *model, const struct weft_kind *kind);

// The network of a port, or NULL for an uplink.
const struct weft_network *weft_model_port_network(const struct weft_model *model, const struct weft_port *port);

// A port's data plan, or NULL.
const struct weft_plan *weft_model_port_plan(const struct weft_model *model, const struct weft_port *port);

// The most that a network needs of an uplink, tunnels included.
uint16_t weft_model_largest_mtu(const struct weft_model *model);

// The limits of a tenant, or NULL; and of a port's tenant.
const struct weft_limits *weft_model_tenant_limits(const struct weft_model *model, const char *tenant);
const struct weft_limits *weft_model_limits(const struct weft_model *model, const struct weft_port *port);

// What tenant T's ports do on a host that lost the cluster.
enum weft_isolation weft_model_isolation(const struct weft_model *model, const struct weft_port *port);

// The socket of a vhost-user port.
void weft_port_socket(const struct weft_port *port, const char *vhost_dir, char *path, size_t size);

// The whole model as a bundle. A new object.
json_t *weft_model_bundle(const struct weft_model *model);

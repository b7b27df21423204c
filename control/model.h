// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The desired state: all objects of the host, parsed, with their references checked. Immutable; a change
// makes a new model. Control thread.
#pragma once

#include "kinds.h"

struct weft_model {
	json_t *tree; // {"tenants": {t: {"networks": {n: ...}, "ports": {p: ...}}}}, defaults filled in
	struct weft_network *networks;
	struct weft_port *ports;
	unsigned int n_networks;
	unsigned int n_ports;
	json_t *network_index; // "tenant/name" to a number
};

// A new tree: TREE changed as BUNDLE says. An object replaces the one of its name; null removes it.
// Returns a new reference, or NULL with ERR.
json_t *weft_model_merge(const json_t *tree, const json_t *bundle, struct weft_error *err);

// Parses and checks TREE, and takes the reference over. VHOST_DIR is where sockets without a path lie.
// Returns NULL with ERR.
struct weft_model *weft_model_new(json_t *tree, const char *vhost_dir, struct weft_error *err);
void weft_model_free(struct weft_model *model);

const struct weft_network *weft_model_network(const struct weft_model *model, const char *path);
const struct weft_port *weft_model_port(const struct weft_model *model, const char *path);

// The network of a port, or NULL for an uplink.
const struct weft_network *weft_model_port_network(const struct weft_model *model, const struct weft_port *port);

// The socket of a vhost-user port.
void weft_port_socket(const struct weft_port *port, const char *vhost_dir, char *path, size_t size);

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

// A change of one object.
struct weft_change {
	struct weft_object *old; // NULL: added
	struct weft_object *new; // NULL: removed
};

struct weft_changeset {
	struct weft_change *change;
	unsigned int n;
};

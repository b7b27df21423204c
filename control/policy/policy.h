// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The desired state: objects by key, with their references checked. It changes in place, by whole sets of changes
// that can be taken back. Control thread.
#pragma once

#include "kinds.h"

// An object that refers to another one.
struct weft_user {
	const struct weft_object *object;
	UT_hash_handle hh; // by the object's address
};

// An object that others refer to.
struct weft_target {
	struct weft_user *users;
	UT_hash_handle hh;
	char key[];
};

// What belongs to one object only, in words.
struct weft_claim {
	const struct weft_object *object;
	UT_hash_handle hh;
	char what[];
};

// A tenant that has ports.
struct weft_tenant {
	unsigned int n_ports;
	UT_hash_handle hh;
	char name[];
};

struct weft_model {
	char vhost_dir[256];	     // where sockets without a path lie
	struct weft_object *objects; // all, by key
	struct weft_target *targets; // networks, groups and plans with their users, by key
	struct weft_claim *unique;   // what only one object may have ("MAC 52:... in network t/n"), with its object
	struct weft_claim *barred;   // addresses of retired ports, with their struct weft_retired
	struct weft_tenant *tenants; // by name
	unsigned int n[16];	     // objects by kind, in the order of weft_kinds
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

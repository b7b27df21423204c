// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The model, which is the desired state: objects by key, whose references are checked. A set of changes is applied to it
// as a whole, and can be undone. Control thread.
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

// A property that only one object may have, in words.
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
	char vhost_dir[256];	     // the folder of sockets whose ports name no path
	struct weft_object *objects; // by key
	struct weft_target *targets; // networks, groups and plans with their users, by key
	struct weft_claim *unique;   // properties that only one object may have ("MAC 52:... in network t/n")
	struct weft_claim *barred;   // addresses of retired ports, with their struct weft_retired
	struct weft_tenant *tenants; // by name
	unsigned int n[16];	     // objects by kind, in the order of weft_kinds
	struct weft_error memory;    // an error while a change was undone
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

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The part that all objects of the policy have in common, and the description of a kind of object. Objects are
// immutable; the control thread owns them.
#pragma once

#include "control/base/field.h"
#include "control/base/hash.h"

#define WEFT_NAME_SIZE 64		     // of one part of a name
#define WEFT_PATH_SIZE (2 * WEFT_NAME_SIZE)  // "tenant/name"
#define WEFT_KEY_SIZE  (WEFT_PATH_SIZE + 32) // "tenants/tenant/networks/name"

struct weft_kind;

// Every object begins with this.
struct weft_object {
	const struct weft_kind *kind;
	char key[WEFT_KEY_SIZE];   // "tenants/tenant/ports/name", "tenants/tenant/limits", "hosts/name"
	char path[WEFT_PATH_SIZE]; // the name for people: "tenant/name", "tenant", "name"
	char *text;		   // compact JSON with all defaults, keys sorted: equal objects have equal texts
	uint64_t serial;	   // unique in this process
	UT_hash_handle hh;	   // of the model that it is part of
};

// One description of each kind drives parsing, defaults, errors and the JSON Schema.
struct weft_kind {
	const char *name;   // "port"
	const char *plural; // "ports": its place in a bundle
	const char *help;
	bool in_tenant; // its objects are below tenants.TENANT in a bundle, else at the top
	bool single;	// a tenant has one object of this kind, without a name of its own
	bool providers; // only an admin may change its objects: see change/scope.h
	size_t size;	// of the kind's struct
	const struct weft_field *fields;
	// Before parsing: adds defaults that depend on other fields, and drops fields that only older releases had. KEY
	// is the object's. May be NULL.
	void (*derive)(const char *key, json_t *json);
	void (*init)(struct weft_object *object); // sets defaults other than zero, before parsing; may be NULL
	int (*check)(const char *where, const struct weft_object *object, struct weft_error *err); // may be NULL
};

// Where a field stands in its struct.
#define WEFT_AT(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

// The name I of a list of names.
static inline const char *
weft_name_at(const struct weft_list *names, uint32_t i)
{
	return (const char *)names->items + i * WEFT_NAME_SIZE;
}

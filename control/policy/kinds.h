// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// All kinds of policy objects, and objects of any kind. Control thread.
#pragma once

#include "kind_host.h"
#include "kind_network.h"
#include "kind_plan.h"
#include "kind_port.h"
#include "kind_rules.h"
#include "names.h"

// All kinds, with NULL at the end. A kind comes after those that it refers to.
extern const struct weft_kind *const weft_kinds[];

// Finds a kind by its plural, or by its name or its plural. NULL: there is none.
const struct weft_kind *weft_kind_by_plural(const char *plural);
const struct weft_kind *weft_kind_by_name(const char *name);

// Splits KEY into its kind, its tenant (empty for objects of no tenant) and its name (empty where the kind is single).
// Returns 0, or -EINVAL with ERR.
int weft_key_parse(const char *key, const struct weft_kind **kind, char tenant[WEFT_NAME_SIZE],
	char name[WEFT_NAME_SIZE], struct weft_error *err);

// Parses JSON as the object with KEY, and adds the defaults to JSON. Returns a new object, or NULL with errno and ERR,
// which names the field by its path from the top of a bundle.
struct weft_object *weft_object_new(const char *key, json_t *json, struct weft_error *err);
void weft_object_free(struct weft_object *object);

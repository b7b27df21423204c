// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Objects of the policy from the command line: each command is a bundle of one object.
#pragma once

#include <stdbool.h>

#include <jansson.h>

// Makes OBJECT, or null to remove it, part of the policy at PATH ("tenant/name" or "name") below KIND (plural), and
// prints what has changed. It takes the reference. Returns the exit code.
int object_apply(const char *kind, const char *path, json_t *object);

// Returns the VALUE that the user typed: as a number if it is one, so that weftd can say what is wrong with it; else as
// a string.
json_t *object_typed(const char *value);

// The same for items separated by commas. Without NUMBERS they are strings.
json_t *object_typed_list(const char *value, bool numbers);

// The member of OBJECT at PATH ("vlan.access"), or NULL. A borrowed reference.
json_t *object_get(const json_t *object, const char *path);

// Sets the member of OBJECT at PATH to VALUE, whose reference it takes. It adds the objects on the way.
void object_set(json_t *object, const char *path, json_t *value);

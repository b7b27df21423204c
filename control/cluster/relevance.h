// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which hosts a change concerns, and which objects a host must know: all objects of a tenant that has a port on it,
// except ports in networks where the host has none; and all hosts.
#pragma once

#include "control/policy/model.h"

// Returns what host NAME must know of CHANGES, as a new object of changes to MODEL, the host's own objects. *LOAD: the
// changes are not enough to tell, and the host must read its whole part of the policy.
json_t *relevant_changes(const struct weft_model *model, const char *name, const json_t *changes, bool *load);

// Returns what host NAME must know of OBJECTS, the whole policy or a part of it: a new object.
json_t *relevant_objects(const json_t *objects, const char *name);

// Returns the hosts that SET concerns, which is part of MODEL: a new array of names, or "*" for all.
json_t *concerned_hosts(const struct weft_model *model, const struct weft_changeset *set);

// Returns the changes that turn MODEL into OBJECTS: a new object.
json_t *difference(const struct weft_model *model, const json_t *objects);

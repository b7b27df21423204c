// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the one in whose name a program asks may change: "as" of a request, {name, role, tenants}. Role "operate"
// changes tenants' objects, but for what concerns hosts and wires; "admin" changes everything; both, where "tenants"
// lists some, objects of those only. Any other role changes nothing. Control thread.
#pragma once

#include "control/policy/model.h"

// Whether SCOPE, where it is not NULL, may make CHANGES (as weft_model_change() takes them) of MODEL. Returns 0, or
// -EPERM with ERR, which names the object and the field.
int
weft_scope_check(const json_t *scope, const struct weft_model *model, const json_t *changes, struct weft_error *err);

// Whether it may do what concerns the whole host; or the port of that name, as params have it.
bool weft_scope_all(const json_t *scope);
bool weft_scope_port(const json_t *scope, const char *port);

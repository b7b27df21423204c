// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The scope of a user for whom a program asks: "as" of a request, {name, role, tenants}. The role "operate" may change
// objects of tenants, except for fields that concern hosts or the physical network; "admin" may change everything. If
// "tenants" lists some, both may change objects of these tenants only. Other roles may change nothing. Control thread.
#pragma once

#include "control/policy/model.h"

// Checks whether SCOPE allows CHANGES of MODEL, as weft_model_change() takes them. A SCOPE of NULL allows everything.
// Returns 0, or -EPERM with ERR, which names the object and the field.
int
weft_scope_check(const json_t *scope, const struct weft_model *model, const json_t *changes, struct weft_error *err);

// Whether SCOPE allows actions that concern the whole host; or actions that concern PORT, as a request's params name it.
bool weft_scope_all(const json_t *scope);
bool weft_scope_port(const json_t *scope, const char *port);

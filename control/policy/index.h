// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A model's indices, for the model alone.
#pragma once

#include "model.h"

// The key of the object NAME of KIND in OBJECT's tenant.
void model_sibling_key(
	const struct weft_object *object, const struct weft_kind *kind, const char *name, char key[WEFT_KEY_SIZE]);

// The place of KIND in weft_kinds.
unsigned int model_kind_index(const struct weft_kind *kind);

// Puts OBJECT into the model and its indices. Returns 0, or -EEXIST with ERR where another object has what only one may
// have, and then nothing has changed. And takes it out.
int model_enter(struct weft_model *model, struct weft_object *object, struct weft_error *err);
void model_leave(struct weft_model *model, struct weft_object *object);

// Whether all that OBJECT refers to is there. Returns 0 or -ENOENT with ERR.
int model_check_references(struct weft_model *model, const struct weft_object *object, struct weft_error *err);

// Calls FN with each address of a port, or of a retired one, in its network: "tenant/network address". Stops at the
// first that does not return 0, and returns that.
int model_each_address(const char *path, const char *network, uint64_t mac, const struct weft_ips *ips,
	int (*fn)(void *arg, const char *what), void *arg);

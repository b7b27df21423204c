// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The indices of a model: which objects refer to which, what only one object may have, and which addresses are barred.
// For the model alone. Control thread.
#pragma once

#include "policy.h"

// Puts OBJECT into the model and its indices. Returns 0; or -EEXIST with ERR where another object has what only one may
// have, or -ENOMEM, and then nothing has changed.
int weft_index_enter(struct weft_model *model, struct weft_object *object, struct weft_error *err);

// Takes OBJECT out of the model and its indices.
void weft_index_leave(struct weft_model *model, struct weft_object *object);

// Empties the indices, but for the objects themselves.
void weft_index_clear(struct weft_model *model);

// The retired port that WHAT, as weft_index_each_address() has it, is barred for; NULL: none.
const struct weft_retired *weft_index_barred(const struct weft_model *model, const char *what);

// Whether all objects that OBJECT refers to exist. Returns 0 or -ENOENT with ERR.
int weft_index_check_references(struct weft_model *model, const struct weft_object *object, struct weft_error *err);

// Calls FN with each address of a port, or of a retired one, in its network: "tenant/network address". Stops at the
// first that does not return 0, and returns that.
int weft_index_each_address(const char *path, const char *network, uint64_t mac, const struct weft_ips *ips,
	int (*fn)(void *arg, const char *what), void *arg);

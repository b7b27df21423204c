// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The indices of a model: references between objects, properties that must be unique, and addresses that are barred.
// Only the model uses them. Control thread.
#pragma once

#include "policy.h"

// Adds OBJECT to the model and its indices. Returns 0; or -EEXIST if another object has a property that must be unique,
// or -ENOMEM, with ERR, and then nothing has changed.
int weft_index_enter(struct weft_model *model, struct weft_object *object, struct weft_error *err);

// Removes OBJECT from the model and its indices.
void weft_index_leave(struct weft_model *model, struct weft_object *object);

// Empties the indices. The objects themselves stay in the model.
void weft_index_clear(struct weft_model *model);

// Finds the retired port that bars WHAT, an address as weft_index_each_address() writes it. NULL: WHAT is not barred.
const struct weft_retired *weft_index_barred(const struct weft_model *model, const char *what);

// Whether all objects that OBJECT refers to exist. Returns 0 or -ENOENT with ERR.
int weft_index_check_references(struct weft_model *model, const struct weft_object *object, struct weft_error *err);

// Calls FN with each address of a port or of a retired port, as "tenant/network address". Stops when FN does not return
// 0, and returns what FN returned.
int weft_index_each_address(const char *path, const char *network, uint64_t mac, const struct weft_ips *ips,
	int (*fn)(void *arg, const char *what), void *arg);

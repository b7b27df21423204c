// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Changing and checking a model. Control thread.
#pragma once

#include "lookup.h"
#include "policy.h"

// Returns NULL without memory.
struct weft_model *weft_model_new(const char *vhost_dir);
void weft_model_free(struct weft_model *model);

// Makes CHANGES, {key: object, or null to remove it}, part of MODEL; objects that stay as they are are left out of SET.
// NOW is in seconds since 1970, for addresses that are barred for a time. Returns 0; or -errno with ERR, and then MODEL
// is as before.
int weft_model_change(struct weft_model *model, const json_t *changes, uint64_t now, struct weft_changeset *set,
	struct weft_error *err);

// Takes SET back, and frees it with its new objects.
void weft_model_revert(struct weft_model *model, struct weft_changeset *set);

// Accepts SET for good, and frees it with the objects that it replaced.
void weft_changeset_accept(struct weft_changeset *set);

// The changes that do what SET does, complete with defaults; and those that undo it. New objects, as
// weft_model_change() takes them.
json_t *weft_changeset_forward(const struct weft_changeset *set);
json_t *weft_changeset_inverse(const struct weft_changeset *set);

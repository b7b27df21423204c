// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Changing and checking a model. Control thread.
#pragma once

#include "lookup.h"
#include "policy.h"

// Makes an empty model. VHOST_DIR is the folder of sockets whose ports name no path. Returns NULL without memory.
struct weft_model *weft_model_new(const char *vhost_dir);
void weft_model_free(struct weft_model *model);

// Applies CHANGES, {key: object, or null to remove it}, to MODEL, and writes them to SET without those that change
// nothing. NOW is in seconds since 1970, for addresses that are barred for a time. Returns 0; or -errno with ERR, and
// then MODEL is as before.
int weft_model_change(struct weft_model *model, const json_t *changes, uint64_t now, struct weft_changeset *set,
	struct weft_error *err);

// Undoes SET, and frees it with its new objects.
void weft_model_revert(struct weft_model *model, struct weft_changeset *set);

// Makes SET final, and frees it with the objects that it replaced.
void weft_changeset_accept(struct weft_changeset *set);

// The changes that repeat SET, with all defaults; and the changes that undo it. Both are new objects, as
// weft_model_change() takes them.
json_t *weft_changeset_forward(const struct weft_changeset *set);
json_t *weft_changeset_inverse(const struct weft_changeset *set);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Lists of objects, a page at a time. Control thread.
#pragma once

#include "control/policy/model.h"

// Checks PARAMS, {kind, tenant, where: {field: value}, after: key, limit}. Returns 0 and the KIND, or -EINVAL with ERR.
int weft_list_check(const json_t *params, const struct weft_kind **kind, struct weft_error *err);

// The objects of KIND in the order of their keys: those of params.tenant, whose fields have the values in params.where
// (a list has a value if it contains it), after the key params.after; params.limit of them, or 100. {objects: [{key,
// name, etag, object}], total, next: key, if there are more}; a new object, or NULL without memory. PARAMS are checked.
json_t *weft_list_page(const struct weft_model *model, const struct weft_kind *kind, const json_t *params);

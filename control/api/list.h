// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Pages of a list of objects. Control thread.
#pragma once

#include "control/policy/model.h"

// A page of the objects that PARAMS ask for: {kind, tenant, where: {field: value}, after: key, limit}. Check them
// first: weft_list_check() returns 0 and the KIND, or -EINVAL with ERR. A page is {objects: [{key, name, etag,
// object}], total, next: key, if there are more}; a new object.
int weft_list_check(const json_t *params, const struct weft_kind **kind, struct weft_error *err);
json_t *weft_list_page(const struct weft_model *model, const struct weft_kind *kind, const json_t *params);

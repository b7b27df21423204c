// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Bundles, as people write them, and changes, as weft keeps them: {key: object, or null to remove it}.
#pragma once

#include <jansson.h>

#include "control/policy/model.h"

// Converts BUNDLE, {"tenants": {t: {"networks": {n: {...}}, "limits": {...}}}, "hosts": {h: {...}}}, to changes. Returns
// a new object, or NULL with ERR. BUNDLE does not change.
json_t *weft_bundle_changes(const json_t *bundle, struct weft_error *err);

// Puts OBJECT, whose reference it takes over, into BUNDLE at KEY's place. NULL removes the object that is there.
void weft_bundle_put(json_t *bundle, const char *key, json_t *object);

// Adds to CHANGES the removal of objects of MODEL that are not in BUNDLE. It concerns the tenants that BUNDLE names, and
// the kinds without a tenant that BUNDLE names.
void weft_bundle_prune(json_t *changes, const json_t *bundle, const struct weft_model *model);

// Returns the whole model as a bundle, a new object.
json_t *weft_model_bundle(const struct weft_model *model);

// Returns the keys of the objects in SET, a new object: {added: [...], changed: [...], removed: [...]}.
json_t *weft_changeset_report(const struct weft_changeset *set);

// Returns the objects in SET before and after, a new array: [{key, before, after}].
json_t *weft_changeset_diff(const struct weft_changeset *set);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Bundles, as people write them, and changes, as weft keeps them: {key: object, or null to remove it}.
#pragma once

#include <jansson.h>

#include "control/policy/model.h"

// {"tenants": {t: {"networks": {n: {...}}, "limits": {...}}}, "hosts": {h: {...}}} as changes. Returns a new object,
// or NULL with ERR. BUNDLE is not changed.
json_t *weft_bundle_changes(const json_t *bundle, struct weft_error *err);

// Puts OBJECT into BUNDLE at KEY's place, and takes it over; NULL removes the object that is there.
void weft_bundle_put(json_t *bundle, const char *key, json_t *object);

// Adds to CHANGES the removal of the objects of MODEL that are not in BUNDLE: of those tenants and of those kinds
// without a tenant that BUNDLE names.
void weft_bundle_prune(json_t *changes, const json_t *bundle, const struct weft_model *model);

// The whole model as a bundle. A new object.
json_t *weft_model_bundle(const struct weft_model *model);

// {added: [...], changed: [...], removed: [...]}: keys.
json_t *weft_changeset_report(const struct weft_changeset *set);

// The same with the objects: [{key, before, after}].
json_t *weft_changeset_diff(const struct weft_changeset *set);

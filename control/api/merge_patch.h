// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The method that changes fields of an object. Control thread.
#pragma once

#include "call.h"

// Applies PATCH to TARGET, both objects, as a JSON merge patch (RFC 7396): null removes a field, an object is merged into
// the field, anything else replaces it.
void weft_merge_patch(json_t *target, const json_t *patch);

// The method "set", {kind, name, patch}: applies params.patch to the object in this way. If somebody else changes the
// object meanwhile, the patch is applied again to what they wrote, unless the client has given params.expect. Also takes
// {wait, timeout_ms} (submit.h).
void weft_api_set(struct weft_call *call, const json_t *params);

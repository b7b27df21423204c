// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods that change the policy. All take {wait, timeout_ms, expect} too (see submit.h), and answer what the store
// says of the write: {added, changed, removed, generation, ...}. Control thread.
#pragma once

#include "call.h"

// "apply", {policy, prune, dry_run, diff, bind_here}: makes the objects of the bundle params.policy part of the policy.
// With prune, objects that the bundle does not name are removed; see weft_bundle_prune(). A dry run tells what would
// change. With bind_here, ports without a host are bound to this one.
void weft_api_apply(struct weft_call *call, const json_t *params);

// "delete", {kind, name}: removes an object.
void weft_api_delete(struct weft_call *call, const json_t *params);

// "undo", {generation}: puts back what that generation has changed, unless something has changed it since.
void weft_api_undo(struct weft_call *call, const json_t *params);

// "retire", {name, bar_s}: quarantines a port, and bars its MAC and addresses from other ports for bar_s seconds, or an
// hour.
void weft_api_retire(struct weft_call *call, const json_t *params);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Writes of the policy. All go through the store, as changes of objects. Control thread.
#pragma once

#include "control/change/write.h"
#include "call.h"

// A write of CHANGES, {key: object, or null}, which it takes over. PARAMS are the method's: wait, timeout_ms, expect.
// NOTE is for the history. Its done() is weft_submit_done(), and its arg is CALL. Returns NULL without memory, and frees
// CHANGES then.
struct weft_write *weft_submit_new(json_t *changes, const json_t *params, struct weft_call *call, const char *note);

// Answers the call of WRITE (see struct weft_write), with warnings about its changes, and frees WRITE.
void weft_submit_done(struct weft_write *write, json_t *result, bool late, const struct weft_error *err);

// Submits such a write to the store.
void weft_submit(struct weft_call *call, json_t *changes, const json_t *params, const char *note);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the methods that read and write the policy share. Control thread.
#pragma once

#include "control/change/write.h"
#include "call.h"

// The methods. PARAMS is valid during the call only.
void weft_policy_apply(struct weft_call *call, const json_t *params);
void weft_policy_delete(struct weft_call *call, const json_t *params);
void weft_policy_undo(struct weft_call *call, const json_t *params);
void weft_policy_retire(struct weft_call *call, const json_t *params);
void weft_policy_get(struct weft_call *call, const json_t *params);
void weft_policy_list(struct weft_call *call, const json_t *params);
void weft_policy_wait(struct weft_call *call, const json_t *params);
void weft_policy_generations(struct weft_call *call, const json_t *params);
void weft_policy_record(struct weft_call *call, const json_t *params);

// A request that waits for a look at the whole policy.
struct weft_question {
	struct weft_call *call;
	json_t *params;
	int (*run)(struct weft_question *query, struct weft_model *model, struct weft_error *err);
};

// Has RUN look at the whole policy; it ends the call where it returns 0.
void weft_look(struct weft_call *call, const json_t *params,
	int (*run)(struct weft_question *query, struct weft_model *model, struct weft_error *err));

// A write of CHANGES, which it takes over, as PARAMS say (wait, timeout_ms, expect): NULL without memory. Its done() is
// weft_on_written(), which ends the call.
struct weft_write *weft_write_new(json_t *changes, const json_t *params, struct weft_call *call, const char *note);
void weft_on_written(struct weft_write *write, json_t *result, bool late, const struct weft_error *err);

// Writes CHANGES likewise.
void weft_submit(struct weft_call *call, json_t *changes, const json_t *params, const char *note);

// The key that params.kind and params.name name, and the object. Return 0 or -errno with ERR.
int weft_key_param(const json_t *params, char key[WEFT_KEY_SIZE], struct weft_error *err);
int weft_get_one(const struct weft_model *model, const json_t *params, char key[WEFT_KEY_SIZE],
	struct weft_object **object, struct weft_error *err);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Methods that need the whole policy: of all hosts, not only of this one. Control thread.
#pragma once

#include "control/policy/model.h"
#include "call.h"

struct weft_look;

// Looks at MODEL, the whole policy. Returns 0 after it has ended the call, or will end it later; or -errno with ERR, and
// weft_look() then ends the call: -EPERM as forbidden, -ENOENT as missing, others as rejected. It must leave MODEL as
// it was.
typedef int weft_look_fn(struct weft_look *look, struct weft_model *model, struct weft_error *err);

struct weft_look {
	struct weft_call *call;
	json_t *params; // valid until RUN returns
	weft_look_fn *run;
};

// Has RUN look at the policy, now or later.
void weft_look(struct weft_call *call, const json_t *params, weft_look_fn *run);

// The key of the object that params.kind and params.name name. Returns 0, or -EINVAL with ERR.
int weft_look_key(const json_t *params, char key[WEFT_KEY_SIZE], struct weft_error *err);

// The same, and the object in MODEL. Returns 0, or -EINVAL or -ENOENT with ERR.
int weft_look_object(const struct weft_model *model, const json_t *params, char key[WEFT_KEY_SIZE],
	struct weft_object **object, struct weft_error *err);

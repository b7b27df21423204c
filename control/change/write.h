// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A write on its way: a change of the policy, who asks for it, and what it depends on. Control thread.
#pragma once

#include "control/policy/model.h"

struct weft_write {
	struct weft_write *next;
	json_t *changes; // as weft_model_change() takes them; the write owns them
	json_t *expect;	 // preconditions, checked just before: {key: etag, null: does not exist, true: exists}, or NULL
	bool conflict;	 // a precondition was not met
	json_t *scope;	 // the user, and what the user may change (scope.h); NULL: everything
	bool forbidden;	 // the scope does not allow it
	char who[96];
	char note[96];
	bool wait; // call done() when all hosts have applied the change, not when it is accepted
	uint32_t timeout_ms;
	uint64_t begin_by; // for the store's own use

	// RESULT is {added, changed, removed, generation, ...}, and the callee frees it. NULL: the write was rejected, and
	// ERR says why. LATE: it was accepted, but the deadline has passed, and RESULT names the hosts that are late.
	void (*done)(struct weft_write *write, json_t *result, bool late, const struct weft_error *err);
	void *arg;
};

// Callbacks for answers to questions about the policy. The callee frees RESULT; NULL: an error, in ERR.
typedef void (*weft_json_cb)(void *arg, json_t *result, bool late, const struct weft_error *err);
typedef void (*weft_view_cb)(void *arg, struct weft_model *model, const struct weft_error *err);

// Frees a write that is answered.
void weft_write_free(struct weft_write *write);

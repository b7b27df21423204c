// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "submit.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/state/state.h"
#include "warnings.h"

void
weft_submit_done(struct weft_write *write, json_t *result, bool late, const struct weft_error *err)
{
	if (result)
		json_object_set_new(result, "warnings", weft_warnings(weft_ctl.local.model, write->changes));
	if (result == NULL && (write->conflict || write->forbidden))
		weft_call_error(write->arg, write->conflict ? WEFT_CALL_CONFLICT : WEFT_CALL_FORBIDDEN, err);
	else
		weft_call_answer(write->arg, result, late, err);
	weft_write_free(write);
}

struct weft_write *
weft_submit_new(json_t *changes, const json_t *params, struct weft_call *call, const char *note)
{
	struct weft_write *write = calloc(1, sizeof(*write));

	if (write == NULL) {
		json_decref(changes);
		return NULL;
	}
	write->changes = changes;
	write->expect = json_incref(json_object_get(params, "expect"));
	write->scope = json_incref(call->scope);
	write->wait = json_is_true(json_object_get(params, "wait"));
	write->timeout_ms = weft_call_timeout_ms(params);
	snprintf(write->who, sizeof(write->who), "%s", call->who);
	snprintf(write->note, sizeof(write->note), "%s", note);
	write->done = weft_submit_done;
	write->arg = call;
	return write;
}

void
weft_submit(struct weft_call *call, json_t *changes, const json_t *params, const char *note)
{
	struct weft_write *write = weft_submit_new(changes, params, call, note);
	struct weft_error err;

	if (write) {
		weft_ctl.store->submit(write);
		return;
	}
	weft_fail(&err, ENOMEM, "no memory");
	weft_call_error(call, WEFT_CALL_REJECTED, &err);
}

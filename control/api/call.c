// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "call.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_TIMEOUT_MS 10000
#define MAX_TIMEOUT_MS	   3600000

static unsigned int n_abandoned;

struct weft_call *
weft_call_new(struct weft_calls *calls, const char *client, const json_t *request)
{
	struct weft_call *call = calloc(1, sizeof(*call));
	json_t *id = json_object_get(request, "id"), *as = json_object_get(request, "as");
	const char *name = json_string_value(json_object_get(as, "name"));

	if (call == NULL)
		return NULL;
	call->calls = calls;
	call->id = id ? json_incref(id) : json_null();
	call->scope = json_incref(as);
	if (name)
		snprintf(call->who, sizeof(call->who), "%.30s by %.60s", name, client);
	else
		snprintf(call->who, sizeof(call->who), "%s", client);
	LIST_INSERT_HEAD(&calls->list, call, entry);
	calls->n++;
	return call;
}

void
weft_call_abandon(struct weft_calls *calls)
{
	struct weft_call *call;

	while ((call = LIST_FIRST(&calls->list)) != NULL) {
		LIST_REMOVE(call, entry);
		call->calls = NULL;
		n_abandoned++;
	}
	calls->n = 0;
}

unsigned int
weft_call_abandoned(void)
{
	return n_abandoned;
}

static int
send_json(const char *text, size_t len, void *out)
{
	return evbuffer_add(out, text, len);
}

// Ends CALL with FIELD, "result" or "error", and takes its VALUE over.
static void
reply(struct weft_call *call, const char *field, json_t *value)
{
	struct weft_calls *calls = call->calls;
	json_t *message = json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", field, value, "id", call->id);

	if (calls) {
		LIST_REMOVE(call, entry);
		calls->n--;
		calls->overrun = calls->overrun || evbuffer_get_length(calls->out) > calls->most;
	} else {
		n_abandoned--;
	}
	if (calls && !calls->overrun) {
		json_dump_callback(message, send_json, calls->out, JSON_COMPACT);
		evbuffer_add(calls->out, "\n", 1);
	}
	if (calls)
		calls->answered(calls);
	json_decref(message);
	json_decref(call->scope);
	free(call);
}

void
weft_call_result(struct weft_call *call, json_t *result)
{
	reply(call, "result", result);
}

// The text of ERR. It may quote what a person wrote and have been cut within a UTF-8 character, which JSON forbids.
static json_t *
text_json(const struct weft_error *err)
{
	struct weft_error plain = *err;
	json_t *text = json_string(err->text);

	if (text)
		return text;
	for (char *p = plain.text; *p; p++)
		*p = (unsigned char)*p < 0x80 ? *p : '?';
	return json_string(plain.text);
}

void
weft_call_error(struct weft_call *call, enum weft_call_code code, const struct weft_error *err)
{
	reply(call, "error", json_pack("{s:i, s:o}", "code", (int)code, "message", text_json(err)));
}

void
weft_call_answer(void *arg, json_t *result, bool late, const struct weft_error *err)
{
	if (result && late)
		json_object_set_new(result, "late", json_true());
	if (result)
		weft_call_result(arg, result);
	else
		weft_call_error(arg, WEFT_CALL_REJECTED, err);
}

uint32_t
weft_call_timeout_ms(const json_t *params)
{
	json_int_t timeout = json_integer_value(json_object_get(params, "timeout_ms"));

	return timeout > 0 && timeout <= MAX_TIMEOUT_MS ? (uint32_t)timeout : DEFAULT_TIMEOUT_MS;
}

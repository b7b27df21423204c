// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "read.h"

#include <errno.h>

#include "control/change/bundle.h"
#include "control/state/state.h"
#include "list.h"
#include "look.h"

#define MAX_ABANDONED 10000

// An object; with params.etag as {key, etag, object}.
static json_t *
one_json(const struct weft_object *object, const json_t *params)
{
	json_t *json = json_loads(object->text, 0, NULL);
	char etag[WEFT_ETAG_SIZE];

	if (!json_is_true(json_object_get(params, "etag")))
		return json;
	weft_object_etag(object, etag);
	return json_pack("{s:s, s:s, s:o}", "key", object->key, "etag", etag, "object", json);
}

static int
run_list(struct weft_look *look, struct weft_model *model, struct weft_error *err)
{
	const struct weft_kind *kind;
	int ret = weft_list_check(look->params, &kind, err);
	json_t *page = ret ? NULL : weft_list_page(model, kind, look->params);

	if (page)
		weft_call_result(look->call, page);
	return page ? 0 : ret ? ret : weft_fail(err, ENOMEM, "no memory");
}

void
weft_api_list(struct weft_call *call, const json_t *params)
{
	weft_look(call, params, run_list);
}

static int
run_get(struct weft_look *look, struct weft_model *model, struct weft_error *err)
{
	const char *kind = json_string_value(json_object_get(look->params, "kind"));
	char key[WEFT_KEY_SIZE];
	struct weft_object *object;
	json_t *bundle;
	int ret;

	if (kind && json_object_get(look->params, "name")) {
		ret = weft_look_object(model, look->params, key, &object, err);
		if (ret == 0)
			weft_call_result(look->call, one_json(object, look->params));
		return ret;
	}
	if (kind && !weft_kind_by_name(kind))
		return weft_look_key(look->params, key, err);
	if (model == weft_ctl.local.model && kind == NULL) {
		weft_call_result(look->call, weft_local_bundle(&weft_ctl.local));
		return 0;
	}
	bundle = json_pack("{s:{}}", "tenants");
	for (object = model->objects; object; object = object->hh.next)
		if (kind == NULL || object->kind == weft_kind_by_name(kind))
			weft_bundle_put(bundle, object->key, json_loads(object->text, 0, NULL));
	weft_call_result(look->call, bundle);
	return 0;
}

void
weft_api_get(struct weft_call *call, const json_t *params)
{
	weft_look(call, params, run_get);
}

void
weft_api_wait(struct weft_call *call, const json_t *params)
{
	struct weft_error err;

	// A client that asks and disconnects, again and again, leaves its calls behind until their time is over.
	if (weft_call_abandoned() > MAX_ABANDONED) {
		weft_fail(&err, EBUSY, "wait: %u clients have disconnected while they waited; try again later",
			weft_call_abandoned());
		weft_call_error(call, WEFT_CALL_REJECTED, &err);
		return;
	}
	weft_ctl.store->wait(json_integer_value(json_object_get(params, "generation")), weft_call_timeout_ms(params),
		weft_call_answer, call);
}

void
weft_api_generations(struct weft_call *call, const json_t *params)
{
	(void)params;
	weft_ctl.store->generations(weft_call_answer, call);
}

void
weft_api_record(struct weft_call *call, const json_t *params)
{
	weft_ctl.store->record(json_integer_value(json_object_get(params, "generation")), weft_call_answer, call);
}

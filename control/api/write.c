// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "control/change/bundle.h"
#include "control/change/history.h"
#include "control/change/precondition.h"
#include "control/change/scope.h"
#include "control/state/state.h"
#include "look.h"
#include "submit.h"
#include "warnings.h"

#define DEFAULT_BAR_S 3600

// Binds the ports in CHANGES that name no host to this one: with "weftctl port add", the host where it is typed.
static void
bind_here(json_t *changes)
{
	const char *key;
	json_t *object;

	json_object_foreach (changes, key, object)
		if (strstr(key, "/ports/") && json_is_object(object) && !json_object_get(object, "host"))
			json_object_set_new(object, "host", json_string(weft_ctl.local.host));
}

// Answers a dry run: tells what would change.
static int
try_out(struct weft_look *look, struct weft_model *model, const json_t *changes, struct weft_error *err)
{
	struct weft_changeset set;
	json_t *report;
	int ret = weft_scope_check(look->call->scope, model, changes, err);

	ret = ret ? ret : weft_changes_check(changes, err);
	ret = ret ? ret : weft_model_change(model, changes, weft_clock_wall_s(), &set, err);
	if (ret)
		return ret;
	report = weft_changeset_report(&set);
	if (json_is_true(json_object_get(look->params, "diff")))
		json_object_set_new(report, "diff", weft_changeset_diff(&set));
	json_object_set_new(report, "warnings", weft_warnings(model, changes));
	weft_model_revert(model, &set);
	json_object_set_new(report, "dry_run", json_true());
	json_object_set_new(report, "generation", json_integer(weft_ctl.local.generation));
	weft_call_result(look->call, report);
	return 0;
}

static int
run_apply(struct weft_look *look, struct weft_model *model, struct weft_error *err)
{
	const json_t *params = look->params, *bundle = json_object_get(params, "policy");
	json_t *changes = weft_bundle_changes(bundle, err);
	int ret = 0;

	if (changes == NULL)
		return -EINVAL;
	if (json_is_true(json_object_get(params, "prune")))
		weft_bundle_prune(changes, bundle, model);
	if (json_is_true(json_object_get(params, "dry_run"))) {
		ret = try_out(look, model, changes, err);
		json_decref(changes);
		// A reference to a missing object: the change is wrong, as with a write.
		if (ret == -ENOENT)
			ret = -EINVAL;
	} else {
		weft_submit(look->call, changes, params, "apply");
	}
	return ret;
}

void
weft_api_apply(struct weft_call *call, const json_t *params)
{
	struct weft_error err;
	json_t *changes;

	if (json_is_true(json_object_get(params, "prune")) || json_is_true(json_object_get(params, "dry_run"))) {
		weft_look(call, params, run_apply);
		return;
	}
	changes = weft_bundle_changes(json_object_get(params, "policy"), &err);
	if (changes == NULL) {
		weft_call_error(call, WEFT_CALL_REJECTED, &err);
		return;
	}
	if (json_is_true(json_object_get(params, "bind_here")) && !weft_ctl.local.alone)
		bind_here(changes);
	weft_submit(call, changes, params, "apply");
}

static int
run_delete(struct weft_look *look, struct weft_model *model, struct weft_error *err)
{
	char key[WEFT_KEY_SIZE];
	int ret = weft_look_key(look->params, key, err);

	(void)model;
	// Deleting an object that does not exist is no error.
	if (ret == 0)
		weft_submit(look->call, json_pack("{s:n}", key), look->params, "delete");
	return ret;
}

void
weft_api_delete(struct weft_call *call, const json_t *params)
{
	weft_look(call, params, run_delete);
}

static int
run_undo(struct weft_look *look, struct weft_model *model, struct weft_error *err)
{
	const json_t *record = json_object_get(look->params, "record");
	json_t *changes = weft_record_undo(record, model, err);
	char note[64];

	if (changes == NULL)
		return -ESTALE;
	snprintf(note, sizeof(note), "undo %lld", json_integer_value(json_object_get(record, "generation")));
	weft_submit(look->call, changes, look->params, note);
	return 0;
}

struct undo {
	struct weft_call *call;
	json_t *params;
};

static void
on_record(void *arg, json_t *record, bool late, const struct weft_error *err)
{
	struct undo *undo = arg;

	(void)late;
	if (record) {
		json_object_set_new(undo->params, "record", record);
		weft_look(undo->call, undo->params, run_undo);
	} else {
		weft_call_error(undo->call, WEFT_CALL_REJECTED, err);
	}
	json_decref(undo->params);
	free(undo);
}

void
weft_api_undo(struct weft_call *call, const json_t *params)
{
	struct undo *undo = calloc(1, sizeof(*undo));
	struct weft_error err;

	if (undo == NULL) {
		weft_fail(&err, ENOMEM, "no memory");
		weft_call_error(call, WEFT_CALL_REJECTED, &err);
		return;
	}
	undo->call = call;
	undo->params = params ? json_deep_copy(params) : json_object();
	weft_ctl.store->record(json_integer_value(json_object_get(params, "generation")), on_record, undo);
}

// Quarantines the port, and bars its MAC and addresses from other ports for params.bar_s seconds.
static int
run_retire(struct weft_look *look, struct weft_model *model, struct weft_error *err)
{
	json_int_t bar = json_integer_value(json_object_get(look->params, "bar_s"));
	char key[WEFT_KEY_SIZE], retired_key[WEFT_KEY_SIZE];
	struct weft_object *object;
	json_t *port, *retired;
	int ret;

	json_object_set_new(look->params, "kind", json_string("port"));
	ret = weft_look_object(model, look->params, key, &object, err);
	if (ret)
		return ret;
	port = json_loads(object->text, 0, NULL);
	json_object_set_new(port, "state", json_string("quarantined"));
	retired = json_pack("{s:O, s:I}", "network", json_object_get(port, "network"), "until",
		(json_int_t)weft_clock_wall_s() + (bar > 0 ? bar : DEFAULT_BAR_S));
	if (retired == NULL) {
		json_decref(port);
		return weft_fail(err, EINVAL,
			"port %s is an uplink, which cannot be retired; run 'weftctl port del %s'", object->path,
			object->path);
	}
	if (json_object_get(port, "mac"))
		json_object_set(retired, "mac", json_object_get(port, "mac"));
	if (json_object_get(port, "ips"))
		json_object_set(retired, "ips", json_object_get(port, "ips"));
	weft_key_make(&weft_kind_retired, object->path, retired_key);
	json_object_set_new(look->params, "wait", json_true());
	weft_submit(look->call, json_pack("{s:o, s:o}", key, port, retired_key, retired), look->params, "retire");
	return 0;
}

void
weft_api_retire(struct weft_call *call, const json_t *params)
{
	json_t *copy = json_deep_copy(params);

	weft_look(call, copy, run_retire);
	json_decref(copy);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The methods that read and write the policy. All writes go through the store as changes.
#include "write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/base/address.h"
#include "control/change/bundle.h"
#include "control/base/map.h"
#include "control/change/history.h"
#include "control/state/state.h"
#include "list.h"
#include "methods.h"
#include "warnings.h"
#include "control/change/scope.h"

#define DEFAULT_TIMEOUT_MS 10000
#define MAX_TIMEOUT_MS	   3600000
#define DEFAULT_BAR_S	   3600

static void
reject(struct weft_call *call, const struct weft_error *err)
{
	weft_call_error(call, WEFT_REJECTED, err);
}

static int run_apply(struct weft_question *query, struct weft_model *model, struct weft_error *err);

static void
on_view(void *arg, struct weft_model *model, const struct weft_error *error)
{
	struct weft_question *query = arg;
	struct weft_error err = { "" };
	int ret = model ? query->run(query, model, &err) : 0;

	if (model == NULL)
		reject(query->call, error);
	else if (ret)
		weft_call_error(query->call,
			ret == -EPERM				    ? WEFT_FORBIDDEN
			: ret == -ENOENT && query->run != run_apply ? WEFT_MISSING
								    : WEFT_REJECTED,
			&err);
	json_decref(query->params);
	free(query);
}

void
weft_look(struct weft_call *call, const json_t *params,
	int (*run)(struct weft_question *query, struct weft_model *model, struct weft_error *err))
{
	struct weft_question *query = calloc(1, sizeof(*query));
	struct weft_error err;

	if (query == NULL) {
		weft_fail(&err, ENOMEM, "no memory");
		reject(call, &err);
		return;
	}
	*query = (struct weft_question){ .call = call, .params = json_incref((json_t *)(uintptr_t)params), .run = run };
	weft_ctl.store->view(on_view, query);
}

static void
on_json(void *arg, json_t *result, bool late, const struct weft_error *err)
{
	if (result && late)
		json_object_set_new(result, "late", json_true());
	if (result)
		weft_call_result(arg, result);
	else
		reject(arg, err);
}

void
weft_on_written(struct weft_write *write, json_t *result, bool late, const struct weft_error *err)
{
	if (result)
		json_object_set_new(result, "warnings", weft_warnings(write->changes));
	if (result == NULL && (write->conflict || write->forbidden))
		weft_call_error(write->arg, write->conflict ? WEFT_CONFLICT : WEFT_FORBIDDEN, err);
	else
		on_json(write->arg, result, late, err);
	weft_write_free(write);
}

struct weft_write *
weft_write_new(json_t *changes, const json_t *params, struct weft_call *call, const char *note)
{
	struct weft_write *write = calloc(1, sizeof(*write));
	json_int_t timeout = json_integer_value(json_object_get(params, "timeout_ms"));

	if (write == NULL) {
		json_decref(changes);
		return NULL;
	}
	write->changes = changes;
	write->expect = json_incref(json_object_get(params, "expect"));
	write->scope = json_incref(call->scope);
	write->wait = json_is_true(json_object_get(params, "wait"));
	write->timeout_ms = timeout > 0 && timeout <= MAX_TIMEOUT_MS ? timeout : DEFAULT_TIMEOUT_MS;
	snprintf(write->who, sizeof(write->who), "%s", call->who);
	snprintf(write->note, sizeof(write->note), "%s", note);
	write->done = weft_on_written;
	write->arg = call;
	return write;
}

void
weft_submit(struct weft_call *call, json_t *changes, const json_t *params, const char *note)
{
	struct weft_write *write = weft_write_new(changes, params, call, note);
	struct weft_error err;

	if (write) {
		weft_ctl.store->submit(write);
		return;
	}
	weft_fail(&err, ENOMEM, "no memory");
	reject(call, &err);
}

// Ports that "weftctl port add" makes are on the host where it was typed.
static void
bind_here(json_t *changes)
{
	const char *key;
	json_t *object;

	json_object_foreach (changes, key, object)
		if (strstr(key, "/ports/") && json_is_object(object) && !json_object_get(object, "host"))
			json_object_set_new(object, "host", json_string(weft_ctl.local.host));
}

// Answers a dry run: what would change.
static int
try_out(struct weft_question *query, struct weft_model *model, const json_t *changes, struct weft_error *err)
{
	struct weft_changeset set;
	json_t *report;
	int ret = weft_scope_check(query->call->scope, model, changes, err);

	ret = ret ? ret : weft_model_change(model, changes, time(NULL), &set, err);
	if (ret)
		return ret;
	report = weft_changeset_report(&set);
	if (json_is_true(json_object_get(query->params, "diff")))
		json_object_set_new(report, "diff", weft_changeset_diff(&set));
	weft_model_revert(model, &set);
	json_object_set_new(report, "dry_run", json_true());
	json_object_set_new(report, "generation", json_integer(weft_ctl.local.generation));
	json_object_set_new(report, "warnings", weft_warnings(changes));
	weft_call_result(query->call, report);
	return 0;
}

static int
run_apply(struct weft_question *query, struct weft_model *model, struct weft_error *err)
{
	const json_t *params = query->params, *bundle = json_object_get(params, "policy");
	json_t *changes = weft_bundle_changes(bundle, err);
	int ret = 0;

	if (changes == NULL)
		return -EINVAL;
	if (json_is_true(json_object_get(params, "prune")))
		weft_bundle_prune(changes, bundle, model);
	if (json_is_true(json_object_get(params, "dry_run"))) {
		ret = try_out(query, model, changes, err);
		json_decref(changes);
	} else {
		weft_submit(query->call, changes, params, "apply");
	}
	return ret;
}

void
weft_policy_apply(struct weft_call *call, const json_t *params)
{
	struct weft_error err;
	json_t *changes;

	if (json_is_true(json_object_get(params, "prune")) || json_is_true(json_object_get(params, "dry_run"))) {
		weft_look(call, params, run_apply);
		return;
	}
	changes = weft_bundle_changes(json_object_get(params, "policy"), &err);
	if (changes == NULL) {
		reject(call, &err);
		return;
	}
	if (json_is_true(json_object_get(params, "bind_here")) && !weft_ctl.local.alone)
		bind_here(changes);
	weft_submit(call, changes, params, "apply");
}

int
weft_key_param(const json_t *params, char key[WEFT_KEY_SIZE], struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "name"));
	const char *kind_name = json_string_value(json_object_get(params, "kind"));
	const struct weft_kind *kind = kind_name ? weft_kind_by_name(kind_name) : NULL;
	char tenant[WEFT_NAME_SIZE], last[WEFT_NAME_SIZE], path[WEFT_PATH_SIZE];

	if (kind == NULL)
		return weft_fail(err, EINVAL,
			"there is no kind of object \"%.40s\"; known are network, port, group, plan, "
			"limits, host, retired",
			kind_name ? kind_name : "");
	if (name == NULL || strlen(name) >= WEFT_PATH_SIZE)
		return weft_fail(err, EINVAL, "a %s is named %s", kind->name, kind->in_tenant ? "TENANT/NAME" : "NAME");
	if (kind->in_tenant && !kind->single)
		weft_full_name(name, path);
	else
		snprintf(path, sizeof(path), "%s", name);
	weft_key_make(kind, path, key);
	return weft_key_parse(key, &kind, tenant, last, err);
}

int
weft_get_one(const struct weft_model *model, const json_t *params, char key[WEFT_KEY_SIZE], struct weft_object **object,
	struct weft_error *err)
{
	int ret = weft_key_param(params, key, err);

	if (ret)
		return ret;
	*object = weft_model_get(model, key);
	return *object ? 0 : weft_fail(err, ENOENT, "there is no %s; see 'weftctl get'", key);
}

static int
run_delete(struct weft_question *query, struct weft_model *model, struct weft_error *err)
{
	char key[WEFT_KEY_SIZE];
	int ret = weft_key_param(query->params, key, err);

	(void)model;
	// What is not there is deleted already.
	if (ret == 0)
		weft_submit(query->call, json_pack("{s:n}", key), query->params, "delete");
	return ret;
}

void
weft_policy_delete(struct weft_call *call, const json_t *params)
{
	weft_look(call, params, run_delete);
}

// undo: first the record, then a look at the policy.
static int
run_undo(struct weft_question *query, struct weft_model *model, struct weft_error *err)
{
	const json_t *record = json_object_get(query->params, "record");
	json_t *changes = weft_record_undo(record, model, err);
	char note[64];

	if (changes == NULL)
		return -ESTALE;
	snprintf(note, sizeof(note), "undo %lld", json_integer_value(json_object_get(record, "generation")));
	weft_submit(query->call, changes, query->params, note);
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
		reject(undo->call, err);
	}
	json_decref(undo->params);
	free(undo);
}

void
weft_policy_undo(struct weft_call *call, const json_t *params)
{
	struct undo *undo = calloc(1, sizeof(*undo));
	struct weft_error err;

	if (undo == NULL) {
		weft_fail(&err, ENOMEM, "no memory");
		reject(call, &err);
		return;
	}
	undo->call = call;
	undo->params = params ? json_deep_copy(params) : json_object();
	weft_ctl.store->record(json_integer_value(json_object_get(params, "generation")), on_record, undo);
}

// A port is closed, and what it was known by is kept from others for a time.
static int
run_retire(struct weft_question *query, struct weft_model *model, struct weft_error *err)
{
	json_int_t bar = json_integer_value(json_object_get(query->params, "bar_s"));
	char key[WEFT_KEY_SIZE], left[WEFT_KEY_SIZE];
	struct weft_object *object;
	json_t *port, *retired;
	int ret;

	json_object_set_new(query->params, "kind", json_string("port"));
	ret = weft_get_one(model, query->params, key, &object, err);
	if (ret)
		return ret;
	port = json_loads(object->text, 0, NULL);
	json_object_set_new(port, "state", json_string("quarantined"));
	retired = json_pack("{s:O, s:I}", "network", json_object_get(port, "network"), "until",
		(json_int_t)time(NULL) + (bar > 0 ? bar : DEFAULT_BAR_S));
	if (retired == NULL) {
		json_decref(port);
		return weft_fail(err, EINVAL, "port %s: an uplink has no network, and cannot be retired; delete it",
			object->path);
	}
	if (json_object_get(port, "mac"))
		json_object_set(retired, "mac", json_object_get(port, "mac"));
	if (json_object_get(port, "ips"))
		json_object_set(retired, "ips", json_object_get(port, "ips"));
	weft_key_make(&weft_kind_retired, object->path, left);
	json_object_set_new(query->params, "wait", json_true());
	weft_submit(query->call, json_pack("{s:o, s:o}", key, port, left, retired), query->params, "retire");
	return 0;
}

void
weft_policy_retire(struct weft_call *call, const json_t *params)
{
	json_t *copy = json_deep_copy(params);

	weft_look(call, copy, run_retire);
	json_decref(copy);
}

// An object, with its etag where that is wanted.
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
run_list(struct weft_question *query, struct weft_model *model, struct weft_error *err)
{
	const struct weft_kind *kind;
	int ret = weft_list_check(query->params, &kind, err);
	json_t *page = ret ? NULL : weft_list_page(model, kind, query->params);

	if (page)
		weft_call_result(query->call, page);
	return page ? 0 : ret ? ret : weft_fail(err, ENOMEM, "no memory");
}

void
weft_policy_list(struct weft_call *call, const json_t *params)
{
	weft_look(call, params, run_list);
}

static int
run_get(struct weft_question *query, struct weft_model *model, struct weft_error *err)
{
	const char *kind = json_string_value(json_object_get(query->params, "kind"));
	char key[WEFT_KEY_SIZE];
	struct weft_object *object;
	json_t *bundle, *value;
	const char *name;
	int ret;

	if (kind && json_object_get(query->params, "name")) {
		ret = weft_get_one(model, query->params, key, &object, err);
		if (ret == 0)
			weft_call_result(query->call, one_json(object, query->params));
		return ret;
	}
	if (kind && !weft_kind_by_name(kind))
		return weft_key_param(query->params, key, err);
	if (model == weft_ctl.local.model && kind == NULL) {
		weft_call_result(query->call, weft_local_bundle(&weft_ctl.local));
		return 0;
	}
	bundle = json_pack("{s:{}}", "tenants");
	json_object_foreach (model->objects, name, value) {
		object = weft_map_value(value);
		if (kind == NULL || object->kind == weft_kind_by_name(kind))
			weft_bundle_put(bundle, name, json_loads(object->text, 0, NULL));
	}
	weft_call_result(query->call, bundle);
	return 0;
}

void
weft_policy_get(struct weft_call *call, const json_t *params)
{
	weft_look(call, params, run_get);
}

void
weft_policy_wait(struct weft_call *call, const json_t *params)
{
	json_int_t timeout = json_integer_value(json_object_get(params, "timeout_ms"));

	weft_ctl.store->wait(json_integer_value(json_object_get(params, "generation")),
		timeout > 0 && timeout <= MAX_TIMEOUT_MS ? timeout : DEFAULT_TIMEOUT_MS, on_json, call);
}

void
weft_policy_generations(struct weft_call *call, const json_t *params)
{
	(void)params;
	weft_ctl.store->generations(on_json, call);
}

void
weft_policy_record(struct weft_call *call, const json_t *params)
{
	weft_ctl.store->record(json_integer_value(json_object_get(params, "generation")), on_json, call);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "merge_patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/state/state.h"
#include "look.h"
#include "submit.h"

// A try is lost only if somebody else's write came in between. Where many write the same object, one may lose often.
#define MAX_TRIES 200

struct set {
	struct weft_call *call;
	json_t *params;
};

static bool
is_limits(const char *key)
{
	const char *last = strrchr(key, '/');

	return strncmp(key, "tenants/", 8) == 0 && last && strcmp(last, "/limits") == 0;
}

void
weft_merge_patch(json_t *target, const json_t *patch)
{
	const char *field;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)patch, field, value) {
		json_t *old = json_object_get(target, field);

		if (json_is_null(value)) {
			json_object_del(target, field);
		} else if (json_is_object(value)) {
			if (!json_is_object(old)) {
				old = json_object();
				json_object_set_new(target, field, old);
			}
			weft_merge_patch(old, value);
		} else {
			json_object_set(target, field, value);
		}
	}
}

static weft_look_fn run_set;

static void
on_set(struct weft_write *write, json_t *result, bool late, const struct weft_error *err)
{
	struct set *set = write->arg;
	json_int_t tries = json_integer_value(json_object_get(set->params, "tries"));

	if (result == NULL && write->conflict && tries < MAX_TRIES && !json_object_get(set->params, "expect")) {
		json_object_set_new(set->params, "tries", json_integer(tries + 1));
		weft_write_free(write);
		weft_look(set->call, set->params, run_set);
	} else {
		write->arg = set->call;
		weft_submit_done(write, result, late, err);
	}
	json_decref(set->params);
	free(set);
}

// Writes MERGED at KEY, provided that OBJECT is still what is there; NULL: nothing.
static int
write_set(struct weft_look *look, const char *key, const struct weft_object *object, json_t *merged,
	struct weft_error *err)
{
	struct weft_write *write = weft_submit_new(json_pack("{s:o}", key, merged), look->params, look->call, "set");
	struct set *set = calloc(1, sizeof(*set));
	char etag[WEFT_ETAG_SIZE];

	if (write == NULL || set == NULL) {
		if (write)
			weft_write_free(write);
		free(set);
		return weft_fail(err, ENOMEM, "no memory");
	}
	if (write->expect == NULL && object) {
		weft_object_etag(object, etag);
		write->expect = json_pack("{s:s}", key, etag);
	} else if (write->expect == NULL) {
		write->expect = json_pack("{s:n}", key);
	}
	*set = (struct set){ .call = look->call, .params = json_incref(look->params) };
	write->arg = set;
	write->done = on_set;
	weft_ctl.store->submit(write);
	return 0;
}

static int
run_set(struct weft_look *look, struct weft_model *model, struct weft_error *err)
{
	const json_t *patch = json_object_get(look->params, "patch");
	char key[WEFT_KEY_SIZE];
	struct weft_object *object;
	json_t *merged;
	int ret = weft_look_object(model, look->params, key, &object, err);

	// Hosts and limits need not exist before: then the patch is the whole object.
	if (ret == -ENOENT && (strncmp(key, "hosts/", 6) == 0 || is_limits(key))) {
		object = NULL;
		ret = 0;
	}
	if (ret)
		return ret;
	if (!json_is_object(patch))
		return weft_fail(err, EINVAL, "params.patch: expected an object, {field: value}");
	merged = object ? json_loads(object->text, 0, NULL) : json_object();
	weft_merge_patch(merged, patch);
	return write_set(look, key, object, merged, err);
}

void
weft_api_set(struct weft_call *call, const json_t *params)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)params);

	weft_look(call, copy, run_set);
	json_decref(copy);
}

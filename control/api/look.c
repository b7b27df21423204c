// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/policy/names.h"
#include "control/state/state.h"

static void
on_view(void *arg, struct weft_model *model, const struct weft_error *error)
{
	struct weft_look *look = arg;
	struct weft_error err = { "" };
	int ret = model ? look->run(look, model, &err) : 0;

	if (model == NULL)
		weft_call_error(look->call, WEFT_CALL_REJECTED, error);
	else if (ret)
		weft_call_error(look->call,
			ret == -EPERM	 ? WEFT_CALL_FORBIDDEN
			: ret == -ENOENT ? WEFT_CALL_MISSING
					 : WEFT_CALL_REJECTED,
			&err);
	json_decref(look->params);
	free(look);
}

void
weft_look(struct weft_call *call, const json_t *params, weft_look_fn *run)
{
	struct weft_look *look = calloc(1, sizeof(*look));
	struct weft_error err;

	if (look == NULL) {
		weft_fail(&err, ENOMEM, "no memory");
		weft_call_error(call, WEFT_CALL_REJECTED, &err);
		return;
	}
	*look = (struct weft_look){ .call = call, .params = json_incref((json_t *)(uintptr_t)params), .run = run };
	weft_ctl.store->view(on_view, look);
}

static int
unknown_kind(const char *name, struct weft_error *err)
{
	char known[256];
	size_t len = 0;

	for (unsigned int i = 0; weft_kinds[i] && len < sizeof(known); i++)
		len += snprintf(known + len, sizeof(known) - len, "%s%s", len ? ", " : "", weft_kinds[i]->name);
	return weft_fail(err, EINVAL, "params.kind: there is no kind of object \"%.40s\"; known are %s", name, known);
}

int
weft_look_key(const json_t *params, char key[WEFT_KEY_SIZE], struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "name"));
	const char *kind_name = json_string_value(json_object_get(params, "kind"));
	const struct weft_kind *kind = kind_name ? weft_kind_by_name(kind_name) : NULL;
	char tenant[WEFT_NAME_SIZE], last[WEFT_NAME_SIZE], path[WEFT_PATH_SIZE];

	if (kind == NULL)
		return unknown_kind(kind_name ? kind_name : "", err);
	if (name == NULL || strlen(name) >= WEFT_PATH_SIZE)
		return weft_fail(err, EINVAL, "params.name: missing or too long; a %s is named %s", kind->name,
			!kind->in_tenant ? "NAME"
			: kind->single	 ? "TENANT"
					 : "TENANT/NAME");
	if (kind->in_tenant && !kind->single)
		weft_full_name(name, path);
	else
		snprintf(path, sizeof(path), "%s", name);
	weft_key_make(kind, path, key);
	return weft_key_parse(key, &kind, tenant, last, err);
}

int
weft_look_object(const struct weft_model *model, const json_t *params, char key[WEFT_KEY_SIZE],
	struct weft_object **object, struct weft_error *err)
{
	int ret = weft_look_key(params, key, err);

	if (ret)
		return ret;
	*object = weft_model_get(model, key);
	return *object ? 0 : weft_fail(err, ENOENT, "there is no %s; see 'weftctl get'", key);
}

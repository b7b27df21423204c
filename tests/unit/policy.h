// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Policies from text, for tests.
#pragma once

#include "control/change/bundle.h"
#include "control/compile/compile.h"

// Makes the bundle TEXT part of MODEL. Returns what weft_model_change() does.
static inline int
policy_apply(struct weft_model *model, const char *text, struct weft_error *err)
{
	json_t *bundle = json_loads(text, 0, NULL), *changes;
	struct weft_changeset set;
	int ret = -EINVAL;

	assert_non_null(bundle);
	changes = weft_bundle_changes(bundle, err);
	if (changes)
		ret = weft_model_change(model, changes, 1000, &set, err);
	if (ret == 0)
		weft_changeset_accept(&set);
	json_decref(changes);
	json_decref(bundle);
	return ret;
}

// A model of the bundle TEXT, or NULL.
static inline struct weft_model *
policy_model(const char *text, struct weft_error *err)
{
	struct weft_model *model = weft_model_new("/run/weft/vhost");

	assert_non_null(model);
	if (policy_apply(model, text, err) == 0)
		return model;
	weft_model_free(model);
	return NULL;
}

// Calls FN with all ports of MODEL.
static inline void
policy_each_port(const struct weft_model *model, void (*fn)(void *arg, const struct weft_port *port), void *arg)
{
	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		if (weft_is_port(object))
			fn(arg, (const struct weft_port *)object);
}

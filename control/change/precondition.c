// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The precondition of a write makes sure that it does not overwrite a change that somebody else has made meanwhile.
#include "precondition.h"

#include <errno.h>
#include <string.h>

#include "control/policy/kind_port.h"
#include "control/policy/lookup.h"
#include "scope.h"

int
weft_changes_check(const json_t *changes, struct weft_error *err)
{
	const char *key;
	json_t *object;
	int ret = 0;

	json_object_foreach ((json_t *)(uintptr_t)changes, key, object)
		ret = ret ? ret : weft_port_check_new(key, object, err);
	return ret;
}

int
weft_write_check(const struct weft_model *model, struct weft_write *write, struct weft_error *err)
{
	int ret = weft_scope_check(write->scope, model, write->changes, err);
	const char *key;
	json_t *value;

	write->forbidden = ret == -EPERM;
	if (ret == 0)
		ret = weft_changes_check(write->changes, err);
	if (ret)
		return ret;
	json_object_foreach (write->expect, key, value) {
		const struct weft_object *object = weft_model_get(model, key);
		char etag[WEFT_ETAG_SIZE];

		write->conflict = true;
		if (json_is_null(value) && object)
			return weft_fail(err, EEXIST, "%s: already exists", key);
		if (!json_is_null(value) && object == NULL)
			return weft_fail(err, ENOENT, "%s: does not exist", key);
		if (json_is_string(value)) {
			weft_object_etag(object, etag);
			if (strcmp(etag, json_string_value(value)))
				return weft_fail(err, ESTALE,
					"%s: has changed meanwhile (its etag is \"%s\" now, not \"%.40s\"): read it again",
					key, etag, json_string_value(value));
		}
		write->conflict = false;
	}
	return 0;
}

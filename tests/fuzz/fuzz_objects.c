// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Policy bundles of any bytes: refused with a reason, or complete and stable.
#include <stdlib.h>
#include <string.h>

#include "control/base/json.h"
#include "control/change/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weft_error err = { "" };
	struct weft_model *model = weft_model_new("/run/weft/vhost");
	json_t *bundle = weft_json_load((const char *)data, size, "input", &err);
	json_t *changes = bundle ? weft_bundle_changes(bundle, &err) : NULL, *again, *whole;
	struct weft_changeset set;

	if (model == NULL)
		abort();
	if (changes && weft_model_change(model, changes, 0, &set, &err) == 0) {
		weft_changeset_accept(&set);
		// What was accepted, defaults and all, is accepted again and means the same.
		whole = weft_model_bundle(model);
		again = weft_bundle_changes(whole, &err);
		if (again == NULL || weft_model_change(model, again, 0, &set, &err) || set.n)
			abort();
		// And it can be taken back.
		weft_changeset_accept(&set);
		json_decref(again);
		json_decref(whole);
	} else if (err.text[0] == 0) {
		abort();
	}
	json_decref(changes);
	json_decref(bundle);
	weft_model_free(model);
	return 0;
}

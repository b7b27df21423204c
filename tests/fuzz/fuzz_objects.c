// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Policy bundles of any bytes: refused with a reason, or complete and stable.
#include <stdlib.h>
#include <string.h>

#include "model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weft_error err = { "" };
	json_t *bundle = weft_json_load((const char *)data, size, "input", &err), *tree, *again;
	struct weft_model *model = NULL;

	tree = bundle ? weft_model_merge(NULL, bundle, &err) : NULL;
	if (tree)
		model = weft_model_new(tree, "/run/weft/vhost", &err);
	if (model == NULL && err.text[0] == 0)
		abort();
	if (model) {
		// What was accepted, defaults and all, is accepted again and means the same.
		again = weft_model_merge(NULL, model->tree, &err);
		if (again == NULL || !json_equal(again, model->tree))
			abort();
		json_decref(again);
		weft_model_free(model);
	}
	json_decref(bundle);
	return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What was in force before a restart, from the journal: for both stores.
#include "control/change/bundle.h"
#include "control/state/state.h"

struct replaying {
	json_t *objects;
	uint64_t generation;
	void (*each)(const json_t *record);
};

static int
replay(void *arg, json_t *record, struct weft_error *err)
{
	json_t *objects = json_object_get(record, "objects"), *value;
	struct replaying *r = arg;
	const char *key;

	(void)err;
	r->generation = json_integer_value(json_object_get(record, "generation"));
	// One record has everything; those after it what they change.
	if (objects) {
		json_decref(r->objects);
		r->objects = json_incref(objects);
		return 0;
	}
	json_object_foreach (json_object_get(record, "changes"), key, value) {
		if (json_is_null(value))
			json_object_del(r->objects, key);
		else
			json_object_set(r->objects, key, value);
	}
	if (r->each)
		r->each(record);
	return 0;
}

int
weft_restore(void (*each)(const json_t *record), struct weft_error *err)
{
	struct replaying r = { .objects = json_object(), .each = each };
	int ret = 0;

	ctl.journal = weft_journal_open(ctl.config.state_dir, replay, &r, err);
	if (ctl.journal == NULL)
		ret = -errno;
	else if (r.generation)
		ret = weft_local_prepare(&ctl.local, r.objects, r.generation, WEFT_PREPARE_RESTORE, err);
	if (ret == 0 && r.generation)
		weft_local_activate(&ctl.local);
	json_decref(r.objects);
	return ret;
}

json_t *
weft_whole_record(uint64_t generation)
{
	json_t *bundle = weft_local_bundle(&ctl.local), *record;
	struct weft_error err;

	record = json_pack(
		"{s:I, s:o}", "generation", (json_int_t)generation, "objects", weft_bundle_changes(bundle, &err));
	json_decref(bundle);
	return record;
}

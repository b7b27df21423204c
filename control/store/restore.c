// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "restore.h"

#include <errno.h>

#include "control/change/bundle.h"
#include "control/change/history.h"

struct replaying {
	json_t *objects;
	uint64_t generation;
	void (*each)(const json_t *record);
};

static int
replay(void *arg, json_t *record, struct weft_error *err)
{
	json_t *objects = json_object_get(record, "objects"), *changes = json_object_get(record, "changes"), *value;
	json_t *generation = json_object_get(record, "generation");
	struct replaying *r = arg;
	const char *key;

	// A host that has joined a cluster without a policy has generation 0.
	if (!weft_generation_valid(generation) && !(json_is_integer(generation) && json_integer_value(generation) == 0))
		return weft_fail(err, EBADMSG, "generation: expected a number from 0 to 2^53");
	if (!json_is_object(objects ? objects : changes))
		return weft_fail(err, EBADMSG, "expected an object in \"objects\" or \"changes\"");
	r->generation = json_integer_value(generation);
	// A record with "objects" holds the whole policy; the others hold changes.
	if (objects) {
		json_decref(r->objects);
		r->objects = json_incref(objects);
		return 0;
	}
	json_object_foreach (changes, key, value) {
		if (json_is_null(value))
			json_object_del(r->objects, key);
		else
			json_object_set(r->objects, key, value);
	}
	if (r->each)
		r->each(record);
	return 0;
}

struct weft_journal *
weft_restore(struct weft_local *local, const char *dir, void (*each)(const json_t *record), struct weft_error *err)
{
	struct replaying r = { .objects = json_object(), .each = each };
	struct weft_journal *journal = weft_journal_open(dir, replay, &r, err);
	struct weft_error why;
	int ret = journal ? 0 : -errno;

	if (ret == 0 && (r.generation || json_object_size(r.objects)) &&
		(ret = weft_local_prepare(local, r.objects, r.generation, WEFT_PREPARE_RESTORE, &why)))
		weft_fail(err, -ret, "the policy in %s/journal cannot be brought into force: %.300s", dir, why.text);
	if (ret == 0 && (r.generation || json_object_size(r.objects)))
		weft_local_activate(local);
	json_decref(r.objects);
	if (ret == 0)
		return journal;
	weft_journal_close(journal);
	errno = -ret;
	return NULL;
}

json_t *
weft_whole_record(const struct weft_local *local, uint64_t generation)
{
	json_t *bundle = weft_local_bundle(local), *record;
	struct weft_error err;

	record = json_pack(
		"{s:I, s:o}", "generation", (json_int_t)generation, "objects", weft_bundle_changes(bundle, &err));
	json_decref(bundle);
	return record;
}

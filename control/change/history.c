// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Records of generations.
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#define MAX_BYTES (64u << 20) // of all records; the oldest are dropped first

bool
weft_generation_valid(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 1 &&
	       json_integer_value(value) <= WEFT_GENERATION_MAX;
}

json_t *
weft_record_new(uint64_t generation, const char *who, const char *note, const struct weft_changeset *set)
{
	return json_pack("{s:I, s:I, s:s, s:s, s:o, s:o}", "generation", (json_int_t)generation, "time",
		(json_int_t)weft_clock_wall_us(), "who", who, "note", note, "changes", weft_changeset_forward(set),
		"before", weft_changeset_inverse(set));
}

json_t *
weft_record_summary(const json_t *record)
{
	const json_t *before = json_object_get(record, "before");
	json_t *summary = json_pack("{s:O*, s:O*, s:O*, s:O*, s:[], s:[], s:[]}", "generation",
		json_object_get(record, "generation"), "time", json_object_get(record, "time"), "who",
		json_object_get(record, "who"), "note", json_object_get(record, "note"), "added", "changed", "removed");
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(record, "changes"), key, value) {
		const char *what = json_is_null(value)				? "removed"
				   : json_is_null(json_object_get(before, key)) ? "added"
										: "changed";

		json_array_append_new(json_object_get(summary, what), json_string(key));
	}
	return summary;
}

json_t *
weft_record_undo(const json_t *record, const struct weft_model *model, struct weft_error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach (json_object_get(record, "changes"), key, value) {
		const struct weft_object *now = weft_model_get(model, key);
		char *text = json_is_null(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
		bool same = now && text ? strcmp(now->text, text) == 0 : !now == !text;

		free(text);
		if (!same) {
			weft_fail(err, ESTALE, "%s: has changed since generation %lld; undo the later generation first",
				key, json_integer_value(json_object_get(record, "generation")));
			return NULL;
		}
	}
	return json_deep_copy(json_object_get(record, "before"));
}

static void
drop_oldest(struct weft_history *history)
{
	history->bytes -= strlen(history->entry[0].text);
	free(history->entry[0].text);
	history->n--;
	memmove(&history->entry[0], &history->entry[1], history->n * sizeof(history->entry[0]));
}

void
weft_history_add(struct weft_history *history, const json_t *record)
{
	char *text = json_dumps(record, JSON_COMPACT);

	if (text == NULL)
		return;
	while (history->n == WEFT_HISTORY_MAX || (history->n && history->bytes + strlen(text) > MAX_BYTES))
		drop_oldest(history);
	history->entry[history->n].generation = json_integer_value(json_object_get(record, "generation"));
	history->entry[history->n++].text = text;
	history->bytes += strlen(text);
}

void
weft_history_clear(struct weft_history *history)
{
	while (history->n)
		drop_oldest(history);
}

json_t *
weft_history_get(const struct weft_history *history, uint64_t generation)
{
	for (unsigned int i = 0; i < history->n; i++)
		if (history->entry[i].generation == generation)
			return json_loads(history->entry[i].text, 0, NULL);
	return NULL;
}

json_t *
weft_history_list(const struct weft_history *history)
{
	json_t *list = json_array();

	for (unsigned int i = history->n; i > 0; i--) {
		json_t *record = json_loads(history->entry[i - 1].text, 0, NULL);

		json_array_append_new(list, weft_record_summary(record));
		json_decref(record);
	}
	return list;
}

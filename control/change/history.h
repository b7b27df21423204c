// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Generations: who changed what and when. A record is {generation, time, who, note, changes, before}, with changes and
// what was before them as weft_model_change() takes them; time is in microseconds since 1970. Control thread.
#pragma once

#include "control/policy/model.h"

#define WEFT_HISTORY_MAX 256 // generations that can be listed and undone

// A record of SET. WHO and NOTE may be empty.
json_t *weft_record_new(uint64_t generation, const char *who, const char *note, const struct weft_changeset *set);

// What people want to see of a record: {generation, time, who, note, added, changed, removed}. A new object.
json_t *weft_record_summary(const json_t *record);

// The changes that undo RECORD, where nothing has changed its objects in MODEL since. Returns NULL with ERR.
json_t *weft_record_undo(const json_t *record, const struct weft_model *model, struct weft_error *err);

// The latest records, as text, in memory.
struct weft_history {
	unsigned int n;
	size_t bytes;
	struct {
		uint64_t generation;
		char *text;
	} entry[WEFT_HISTORY_MAX];
};

void weft_history_add(struct weft_history *history, const json_t *record);
void weft_history_clear(struct weft_history *history);

// The record of GENERATION; a new object, or NULL.
json_t *weft_history_get(const struct weft_history *history, uint64_t generation);

// Summaries, the latest first; a new array.
json_t *weft_history_list(const struct weft_history *history);

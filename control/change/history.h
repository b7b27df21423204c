// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The history of generations: who changed what and when. A record is {generation, time, who, note, changes, before}.
// "changes", and "before", which undoes them, are as weft_model_change() takes them. "time" is in microseconds since
// 1970. Control thread.
#pragma once

#include "control/policy/model.h"

#define WEFT_HISTORY_MAX    256 // generations that can be listed and undone
#define WEFT_GENERATION_MAX (INT64_C(1) << 53)

// Whether VALUE can be the number of a generation: an integer from 1 to WEFT_GENERATION_MAX.
bool weft_generation_valid(const json_t *value);

// Makes a record of SET, a new object. WHO and NOTE may be empty.
json_t *weft_record_new(uint64_t generation, const char *who, const char *note, const struct weft_changeset *set);

// Makes a summary of a record for people, a new object: {generation, time, who, note, added, changed, removed}. What RECORD
// does not have, the summary does not have either.
json_t *weft_record_summary(const json_t *record);

// Returns the changes that undo RECORD, a new object; or NULL with ERR if an object has changed in MODEL since.
json_t *weft_record_undo(const json_t *record, const struct weft_model *model, struct weft_error *err);

// The latest records in memory, as text.
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

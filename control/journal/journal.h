// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The journal: a file with all acknowledged records. Each record is written twice and synced. A crash at any byte loses
// at most the last record, and only if it was not acknowledged yet. The other copy replaces a damaged one. Control
// thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "weft/log.h"

struct weft_journal;

// Opens DIR/journal and calls REPLAY with each record in order. REPLAY returns 0, or -errno with ERR to stop. An
// incomplete record at the end is cut off. If there is no such file, it is created, as a whole or not at all, with a first
// record of generation 0 and no policy. Returns NULL with errno and ERR; if both copies of a record are damaged, ERR names
// the byte. An empty file is refused too.
struct weft_journal *weft_journal_open(const char *dir,
	int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg, struct weft_error *err);
void weft_journal_close(struct weft_journal *journal);

// Appends RECORD and syncs the file. Returns 0, or -errno with ERR, and then the journal is as before.
int weft_journal_append(struct weft_journal *journal, const json_t *record, struct weft_error *err);

// Whether the journal should be rewritten: it has grown, or a copy is damaged.
bool weft_journal_is_long(const struct weft_journal *journal);

// Replaces all records by the N in RECORDS, atomically. Returns 0 or -errno with ERR, and then the journal is as
// before.
int weft_journal_rewrite(struct weft_journal *journal, json_t *const *records, unsigned int n, struct weft_error *err);

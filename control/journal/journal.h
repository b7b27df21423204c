// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What was acknowledged, on disk: a file of records, each written twice and synced. A crash at any byte loses only a
// record that was not acknowledged; a damaged copy is made good from the other one. Control thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "weft/log.h"

struct weft_journal;

// Opens DIR/journal, made where it is missing, and calls REPLAY with each record in order; REPLAY returns 0, or -errno
// with ERR to give up. A record that was torn at the end is cut off. Returns NULL with ERR, which names the byte, where
// both copies of a record are damaged.
struct weft_journal *weft_journal_open(const char *dir,
	int (*replay)(void *arg, json_t *record, struct weft_error *err), void *arg, struct weft_error *err);
void weft_journal_close(struct weft_journal *journal);

// Appends RECORD and syncs. Returns 0, or -errno with ERR, and then the journal is as before.
int weft_journal_append(struct weft_journal *journal, const json_t *record, struct weft_error *err);

// Whether the journal is worth being rewritten.
bool weft_journal_is_long(const struct weft_journal *journal);

// Replaces all records by the N in RECORDS, atomically. Returns 0 or -errno with ERR, and then the journal is as
// before.
int weft_journal_rewrite(struct weft_journal *journal, json_t *const *records, unsigned int n, struct weft_error *err);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The journal, read at the start and written as one record: for both stores. Control thread.
#pragma once

#include "control/host/local.h"
#include "control/journal/journal.h"

// Opens the journal in DIR, and brings the policy that it holds into force on LOCAL. Calls EACH, unless it is NULL,
// with every record of a generation. Returns the journal, which the caller closes, or NULL with errno and ERR.
struct weft_journal *
weft_restore(struct weft_local *local, const char *dir, void (*each)(const json_t *record), struct weft_error *err);

// The whole policy in force on LOCAL, as one record of the journal; a new object.
json_t *weft_whole_record(const struct weft_local *local, uint64_t generation);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Small JSON files beside the journal, each replaced as a whole. Control thread.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "weft/log.h"

// Writes VALUE to the file NAME in the folder DIR. After a crash the file has the old value or the new one. SYNC: VALUE
// is on the disk when the call returns. Returns 0, or -EIO, and then the error is logged.
int weft_side_file_write(const char *dir, const char *name, const json_t *value, bool sync);

// Reads the object in the file NAME in the folder DIR. Returns a new object, which is empty if there is no such file; NULL
// with ERR, which names the file: it cannot be read, or holds something else.
json_t *weft_side_file_read(const char *dir, const char *name, struct weft_error *err);

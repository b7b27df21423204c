// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// JSON text that users write. Any thread.
#pragma once

#include <stddef.h>

#include <jansson.h>

#include "weft/log.h"

// Parses the SIZE bytes at TEXT; duplicate keys are errors. Returns a new reference, or NULL with errno and ERR, which
// names FILE, line and column.
json_t *weft_json_load(const char *text, size_t size, const char *file, struct weft_error *err);

// The same with the content of FILE, a regular file of at most 256 MiB.
json_t *weft_json_load_file(const char *file, struct weft_error *err);

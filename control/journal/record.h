// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The journal's format: a record is JSON, in two copies that follow each other. Each copy has a header with checksums
// (CRC32C) of the header and of the JSON. Control thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

// The bytes of a journal.
struct weft_journal_image {
	const char *data;
	size_t size;
};

// Returns the payload of the record at OFFSET, and its *LEN: from the first copy, or from the second one if the first is
// damaged. *NEXT becomes the offset behind the record, and *DAMAGED true if one copy is damaged. NULL: both are damaged.
const char *weft_journal_read_record(
	const struct weft_journal_image *image, size_t offset, size_t *len, size_t *next, bool *damaged);

// Whether the bytes from OFFSET to the end are the beginning of a record, which a crash has left incomplete: it ends too
// early, or zeros are where nothing was written yet. Anything else was damaged after it was written, or is no record.
bool weft_journal_is_torn(const struct weft_journal_image *image, size_t offset);

// Writes both copies of RECORD at *AT, and moves *AT behind them. Returns 0 or -errno.
int weft_journal_write_record(int fd, const json_t *record, off_t *at);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The files of the web page, which are part of the program; embed.py makes the table.
#pragma once

#include <stddef.h>

struct page_file {
	const char *path; // NULL ends the table
	const char *type;
	const char *etag;
	size_t size;
	const unsigned char *data;
};

extern const struct page_file page_files[];

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The files of the web page, which are part of the program; embed.py writes page_files.c.
#pragma once

#include <stddef.h>

struct page_file {
	const char *path; // NULL: the end of the table
	const char *type;
	const char *etag;
	size_t size;
	const unsigned char *data;
};

extern const struct page_file page_files[];

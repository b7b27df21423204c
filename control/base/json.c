// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "json.h"

#include <errno.h>
#include <stdlib.h>

#include "weft/file.h"

#define MAX_FILE (256 << 20)

json_t *
weft_json_load(const char *text, size_t size, const char *file, struct weft_error *err)
{
	json_error_t where;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);

	if (json == NULL)
		weft_fail(err, EINVAL, "%s, line %d, column %d: %s", file, where.line, where.column, where.text);
	return json;
}

json_t *
weft_json_load_file(const char *file, struct weft_error *err)
{
	const char *why;
	size_t size;
	char *text = weft_file_read(file, MAX_FILE, &size, &why);
	json_t *json;

	if (text == NULL) {
		weft_fail(err, errno, "cannot read %s: %s", file, why);
		return NULL;
	}
	json = weft_json_load(text, size, file, err);
	free(text);
	return json;
}

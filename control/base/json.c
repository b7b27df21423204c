// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

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
	json_t *json = NULL;
	FILE *f = fopen(file, "r");
	struct stat st;
	char *text;

	if (f == NULL || fstat(fileno(f), &st) || st.st_size > MAX_FILE) {
		weft_fail(err, f && st.st_size > MAX_FILE ? EFBIG : errno, "cannot read %s: %s", file,
			strerror(f && st.st_size > MAX_FILE ? EFBIG : errno));
		if (f)
			fclose(f);
		return NULL;
	}
	text = malloc(st.st_size + 1);
	if (text)
		json = weft_json_load(text, fread(text, 1, st.st_size, f), file, err);
	else
		weft_fail(err, ENOMEM, "cannot read %s: no memory", file);
	free(text);
	fclose(f);
	return json;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "side_file.h"

#include <errno.h>
#include <stdio.h>

#include "weft/file.h"

#define MAX_FILE (16u << 20) // bytes

int
weft_side_file_write(const char *dir, const char *name, const json_t *value, bool sync)
{
	char path[320], new[330];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(new, sizeof(new), "%s.new", path);
	// Whatever lies there, a FIFO for example, must not be written to.
	unlink(new);
	f = fopen(new, "wxe");
	ok = f && json_dumpf(value, f, JSON_SORT_KEYS) == 0 && fflush(f) == 0 && (!sync || fdatasync(fileno(f)) == 0);
	ok = (f == NULL || fclose(f) == 0) && ok && rename(new, path) == 0;
	if (!ok)
		WEFT_LOG(ERR, "event=keep file=%s errno=%d", path, errno);
	return ok ? 0 : -EIO;
}

json_t *
weft_side_file_read(const char *dir, const char *name, struct weft_error *err)
{
	char path[320];
	const char *why;
	json_error_t where;
	size_t size;
	char *text;
	json_t *value;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	text = weft_file_read(path, MAX_FILE, &size, &why);
	if (text == NULL && errno == ENOENT)
		return json_object();
	if (text == NULL) {
		weft_fail(err, errno, "cannot read %s: %s", path, why);
		return NULL;
	}
	value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	free(text);
	if (json_is_object(value))
		return value;
	weft_fail(err, EBADMSG, "%s: %s", path, value ? "expected an object" : where.text);
	json_decref(value);
	return NULL;
}

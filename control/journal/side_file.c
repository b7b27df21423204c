// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "side_file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "weft/log.h"

int
weft_side_file_write(const char *dir, const char *name, const json_t *value, bool sync)
{
	char path[320], new[330];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "we");
	ok = f && json_dumpf(value, f, JSON_SORT_KEYS) == 0 && fflush(f) == 0 && (!sync || fdatasync(fileno(f)) == 0);
	ok = (f == NULL || fclose(f) == 0) && ok && rename(new, path) == 0;
	if (!ok)
		WEFT_LOG(ERR, "event=keep file=%s errno=%d", path, errno);
	return ok ? 0 : -EIO;
}

json_t *
weft_side_file_read(const char *dir, const char *name)
{
	char path[320];
	json_t *value;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	value = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(value))
		return value;
	json_decref(value);
	return json_object();
}

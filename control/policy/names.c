// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "weft/fnv.h"

bool
weft_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= WEFT_NAME_SIZE || !isalnum((unsigned char)name[0]))
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

const char *
weft_key_part(const char *key, char part[WEFT_NAME_SIZE])
{
	size_t len = key ? strcspn(key, "/") : 0;

	part[0] = 0;
	if (len >= WEFT_NAME_SIZE)
		return NULL;
	if (key)
		snprintf(part, WEFT_NAME_SIZE, "%.*s", (int)len, key);
	return key && key[len] ? key + len + 1 : NULL;
}

void
weft_key_make(const struct weft_kind *kind, const char *path, char key[WEFT_KEY_SIZE])
{
	size_t len = strcspn(path, "/");

	if (!kind->in_tenant)
		snprintf(key, WEFT_KEY_SIZE, "%s/%.63s", kind->plural, path);
	else if (kind->single)
		snprintf(key, WEFT_KEY_SIZE, "tenants/%.63s/%s", path, kind->plural);
	else
		snprintf(key, WEFT_KEY_SIZE, "tenants/%.*s/%s/%.63s", (int)(len < 64 ? len : 63), path, kind->plural,
			path[len] ? path + len + 1 : "");
}

void
weft_key_sibling(
	const struct weft_object *object, const struct weft_kind *kind, const char *name, char key[WEFT_KEY_SIZE])
{
	char path[WEFT_PATH_SIZE];

	snprintf(path, sizeof(path), "%.*s/%.63s", (int)strcspn(object->path, "/"), object->path, name);
	weft_key_make(kind, path, key);
}

void
weft_object_tenant(const struct weft_object *object, char tenant[WEFT_NAME_SIZE])
{
	snprintf(tenant, WEFT_NAME_SIZE, "%.*s", (int)strcspn(object->path, "/"), object->path);
}

void
weft_object_etag(const struct weft_object *object, char etag[WEFT_ETAG_SIZE])
{
	snprintf(etag, WEFT_ETAG_SIZE, "%016llx", (unsigned long long)weft_fnv_hash(object->text));
}

void
weft_full_name(const char *name, char path[WEFT_PATH_SIZE])
{
	snprintf(path, WEFT_PATH_SIZE, strchr(name, '/') ? "%s" : "default/%s", name);
}

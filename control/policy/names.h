// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Names, keys and versions of objects.
#pragma once

#include "object.h"

// Whether NAME can name an object: 1-63 of a-z A-Z 0-9 . _ -, the first a letter or digit.
bool weft_name_valid(const char *name);

// Copies the next part of KEY, up to a slash, into PART. Returns the text after the slash. NULL: KEY ends here, or the
// part is too long for a name. KEY may be NULL.
const char *weft_key_part(const char *key, char part[WEFT_NAME_SIZE]);

// Makes the key of an object from its kind and its path ("tenant/name", "tenant" or "name").
void weft_key_make(const struct weft_kind *kind, const char *path, char key[WEFT_KEY_SIZE]);

// Makes the key of the object NAME of KIND that is in OBJECT's tenant.
void weft_key_sibling(
	const struct weft_object *object, const struct weft_kind *kind, const char *name, char key[WEFT_KEY_SIZE]);

// The tenant of an object that is in one.
void weft_object_tenant(const struct weft_object *object, char tenant[WEFT_NAME_SIZE]);

// A hash of the object's JSON, which serves as its ETag: 16 hexadecimal digits.
#define WEFT_ETAG_SIZE 17
void weft_object_etag(const struct weft_object *object, char etag[WEFT_ETAG_SIZE]);

// The full name of an object of a tenant: "name" is short for "default/name".
void weft_full_name(const char *name, char path[WEFT_PATH_SIZE]);

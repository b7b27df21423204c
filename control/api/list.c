// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "list.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_PAGE 100
#define MAX_PAGE     1000

static const struct weft_field *
field_of(const struct weft_kind *kind, const char *name)
{
	const struct weft_field *field = kind->fields;

	while (field->name && strcmp(field->name, name))
		field++;
	return field->name ? field : NULL;
}

// Strings, and lists of strings.
static bool
can_filter(const struct weft_field *field)
{
	return field->type == WEFT_FIELD_STRING || (field->type == WEFT_FIELD_LIST && field->fields == NULL);
}

static bool
has_value(const struct weft_object *object, const struct weft_field *field, const char *value)
{
	const char *at = (const char *)object + field->offset;
	const struct weft_list *list = (const struct weft_list *)(const void *)at;

	if (field->type == WEFT_FIELD_STRING)
		return strcmp(at, value) == 0;
	for (uint32_t i = 0; i < list->n; i++)
		if (strcmp((const char *)list->items + i * field->item_size, value) == 0)
			return true;
	return false;
}

static bool
is_wanted(const struct weft_object *object, const struct weft_kind *kind, const char *tenant, const json_t *where)
{
	size_t len = tenant ? strlen(tenant) : 0;
	const char *name;
	json_t *value;

	if (object->kind != kind || (tenant && (strncmp(object->path, tenant, len) ||
						       (object->path[len] != '/' && object->path[len] != 0))))
		return false;
	json_object_foreach ((json_t *)(uintptr_t)where, name, value)
		if (!has_value(object, field_of(kind, name), json_string_value(value)))
			return false;
	return true;
}

static int
by_key(const void *a, const void *b)
{
	const struct weft_object *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static json_t *
page_of(const struct weft_object **found, size_t n, size_t limit)
{
	json_t *rows = json_array(), *page = json_pack("{s:o, s:I}", "objects", rows, "total", (json_int_t)n);
	char etag[WEFT_ETAG_SIZE];
	size_t i;

	for (i = 0; i < n && i < limit; i++) {
		weft_object_etag(found[i], etag);
		json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s, s:o}", "key", found[i]->key, "name", found[i]->path, "etag",
				      etag, "object", json_loads(found[i]->text, 0, NULL)));
	}
	if (i < n)
		json_object_set_new(page, "next", json_string(found[i - 1]->key));
	return page;
}

int
weft_list_check(const json_t *params, const struct weft_kind **kind, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "kind"));
	json_t *value;

	*kind = name ? weft_kind_by_name(name) : NULL;
	if (*kind == NULL)
		return weft_fail(err, EINVAL, "params.kind: there is no kind of object \"%.40s\"; see 'weftctl schema'",
			name ? name : "");
	json_object_foreach (json_object_get(params, "where"), name, value) {
		const struct weft_field *field = field_of(*kind, name);

		if (field == NULL || !can_filter(field) || !json_is_string(value))
			return weft_fail(err, EINVAL,
				"params.where.%.40s: a %s has no such field, or it is not a string or a list of strings",
				name, (*kind)->name);
	}
	return 0;
}

json_t *
weft_list_page(const struct weft_model *model, const struct weft_kind *kind, const json_t *params)
{
	const char *tenant = json_string_value(json_object_get(params, "tenant"));
	const char *after = json_string_value(json_object_get(params, "after"));
	json_int_t limit = json_integer_value(json_object_get(params, "limit"));
	const struct weft_object **found = malloc((HASH_COUNT(model->objects) + 1) * sizeof(found[0]));
	size_t n = 0;
	json_t *page;

	if (found == NULL)
		return NULL;
	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		if ((after == NULL || strcmp(object->key, after) > 0) &&
			is_wanted(object, kind, tenant, json_object_get(params, "where")))
			found[n++] = object;
	qsort(found, n, sizeof(found[0]), by_key);
	page = page_of(found, n, limit > 0 && limit <= MAX_PAGE ? (size_t)limit : DEFAULT_PAGE);
	free(found);
	return page;
}

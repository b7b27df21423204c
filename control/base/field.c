// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Parsing of described JSON objects.
#include "field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
list_names(const char *const *names, char *text, size_t size)
{
	size_t len = 0;

	text[0] = 0;
	for (unsigned int i = 0; names[i] && len < size; i++)
		len += snprintf(text + len, size - len, "%s\"%s\"", i ? " or " : "", names[i]);
}

static int
parse_uint(const struct weft_field *field, const json_t *value, void *to, char expected[160])
{
	json_int_t v = json_integer_value(value);
	uint64_t u = (uint64_t)v;

	if (!json_is_integer(value) || v < 0 || u < field->min || u > field->max) {
		snprintf(expected, 160, "a number from %llu to %llu", (unsigned long long)field->min,
			(unsigned long long)field->max);
		return -1;
	}
	switch (field->size) {
	case 1:
		*(uint8_t *)to = (uint8_t)u;
		return 0;
	case 2:
		*(uint16_t *)to = (uint16_t)u;
		return 0;
	case 4:
		*(uint32_t *)to = (uint32_t)u;
		return 0;
	default:
		*(uint64_t *)to = u;
		return 0;
	}
}

static int
parse_string(const struct weft_field *field, const json_t *value, void *to, char expected[160])
{
	if (!json_is_string(value) || json_string_length(value) >= field->size ||
		strlen(json_string_value(value)) != json_string_length(value)) {
		snprintf(expected, 160, "a string of at most %zu bytes", field->size - 1);
		return -1;
	}
	memcpy(to, json_string_value(value), json_string_length(value) + 1);
	return 0;
}

static int
parse_enum(const struct weft_field *field, const json_t *value, void *to, char expected[160])
{
	for (int i = 0; json_is_string(value) && field->names[i]; i++) {
		if (strcmp(json_string_value(value), field->names[i]) == 0) {
			*(int *)to = i;
			return 0;
		}
	}
	list_names(field->names, expected, 160);
	return -1;
}

static int
parse_value(const struct weft_field *field, const json_t *value, void *to, char expected[160])
{
	switch (field->type) {
	case WEFT_FIELD_STRING:
		return parse_string(field, value, to, expected);
	case WEFT_FIELD_UINT:
		return parse_uint(field, value, to, expected);
	case WEFT_FIELD_ENUM:
		return parse_enum(field, value, to, expected);
	case WEFT_FIELD_BOOL:
		*(bool *)to = json_is_true(value);
		snprintf(expected, 160, "true or false");
		return json_is_boolean(value) ? 0 : -1;
	default:
		return field->parse(value, to, expected);
	}
}

static int
parse_list(const struct weft_field *field, const char *path, const json_t *value, struct weft_list *list,
	struct weft_error *err)
{
	size_t i;
	json_t *item;
	int ret = 0;

	if (!json_is_array(value) || json_array_size(value) > field->max)
		return weft_fail(err, EINVAL, "%s: expected a list of at most %llu %s", path,
			(unsigned long long)field->max, field->fields ? "objects" : "strings");
	list->items = calloc(json_array_size(value) + 1, field->item_size);
	if (list->items == NULL)
		return weft_fail(err, ENOMEM, "%s: no memory", path);
	json_array_foreach ((json_t *)(uintptr_t)value, i, item) {
		char *to = (char *)list->items + i * field->item_size, here[320];
		size_t len = json_string_length(item);

		snprintf(here, sizeof(here), "%s.%zu", path, i);
		list->n++;
		if (field->fields)
			ret = weft_fields_parse(field->fields, here, item, to, err);
		else if (json_is_string(item) && len < field->item_size && strlen(json_string_value(item)) == len)
			memcpy(to, json_string_value(item), len + 1);
		else
			ret = weft_fail(
				err, EINVAL, "%s: expected a string of at most %zu bytes", here, field->item_size - 1);
		if (ret)
			return ret;
	}
	return 0;
}

void
weft_fields_free(const struct weft_field *fields, void *from)
{
	for (const struct weft_field *f = fields; f->name; f++) {
		struct weft_list *list = (void *)((char *)from + f->offset);

		if (f->type == WEFT_FIELD_OBJECT)
			weft_fields_free(f->fields, list);
		if (f->type != WEFT_FIELD_LIST)
			continue;
		for (uint32_t i = 0; f->fields && i < list->n; i++)
			weft_fields_free(f->fields, (char *)list->items + i * f->item_size);
		free(list->items);
		*list = (struct weft_list){ 0 };
	}
}

static int
check_unknown(const struct weft_field *fields, const char *path, const json_t *object, struct weft_error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		const struct weft_field *f = fields;
		char known[256];
		size_t len = 0;

		while (f->name && strcmp(f->name, key))
			f++;
		if (f->name)
			continue;
		for (f = fields; f->name && len < sizeof(known); f++)
			len += snprintf(known + len, sizeof(known) - len, "%s%s", len ? ", " : "", f->name);
		return weft_fail(err, EINVAL, "%s.%.64s: there is no such field; known are %s", path, key, known);
	}
	return 0;
}

static int
parse_field(const struct weft_field *field, const char *path, json_t *object, void *to, struct weft_error *err)
{
	json_t *value = json_object_get(object, field->name);
	char here[256], expected[160] = "", *got;
	int ret;

	snprintf(here, sizeof(here), "%s.%s", path, field->name);
	if (value == NULL && field->preset) {
		value = json_loads(field->preset, JSON_DECODE_ANY, NULL);
		json_object_set_new(object, field->name, value);
	}
	if (value == NULL)
		return field->required ? weft_fail(err, EINVAL, "%s: missing; it is %s", here, field->help) : 0;
	if (field->type == WEFT_FIELD_OBJECT)
		return weft_fields_parse(field->fields, here, value, to, err);
	if (field->type == WEFT_FIELD_LIST)
		return parse_list(field, here, value, to, err);
	if (parse_value(field, value, to, expected) == 0)
		return 0;
	got = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	ret = weft_fail(err, EINVAL, "%s: expected %s, got %.64s", here, expected, got ? got : "something else");
	free(got);
	return ret;
}

int
weft_fields_parse(const struct weft_field *fields, const char *path, json_t *object, void *to, struct weft_error *err)
{
	int ret;

	if (!json_is_object(object))
		return weft_fail(err, EINVAL, "%s: expected an object { ... }", path);
	ret = check_unknown(fields, path, object, err);
	for (const struct weft_field *f = fields; ret == 0 && f->name; f++)
		ret = parse_field(f, path, object, (char *)to + f->offset, err);
	return ret;
}

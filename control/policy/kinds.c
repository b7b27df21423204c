// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Keys, and objects of any kind.
#include "kinds.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct weft_kind *const weft_kinds[] = { &weft_kind_host, &weft_kind_provider_rules, &weft_kind_limits,
	&weft_kind_network, &weft_kind_plan, &weft_kind_group, &weft_kind_tenant_rules, &weft_kind_retired,
	&weft_kind_port, NULL };

const struct weft_kind *
weft_kind_by_plural(const char *plural)
{
	for (unsigned int i = 0; weft_kinds[i]; i++)
		if (strcmp(weft_kinds[i]->plural, plural) == 0)
			return weft_kinds[i];
	return NULL;
}

const struct weft_kind *
weft_kind_by_name(const char *name)
{
	for (unsigned int i = 0; weft_kinds[i]; i++)
		if (strcmp(weft_kinds[i]->name, name) == 0)
			return weft_kinds[i];
	return weft_kind_by_plural(name);
}

int
weft_key_parse(const char *key, const struct weft_kind **kind, char tenant[WEFT_NAME_SIZE], char name[WEFT_NAME_SIZE],
	struct weft_error *err)
{
	char first[WEFT_NAME_SIZE], plural[WEFT_NAME_SIZE];
	const char *rest = weft_key_part(key, first);
	bool in_tenant = strcmp(first, "tenants") == 0;

	tenant[0] = name[0] = 0;
	if (in_tenant) {
		rest = weft_key_part(rest, tenant);
		rest = weft_key_part(rest, plural);
	}
	*kind = weft_kind_by_plural(in_tenant ? plural : first);
	if (*kind == NULL || (*kind)->in_tenant != in_tenant)
		return weft_fail(err, EINVAL, "\"%.80s\" is not the key of an object", key);
	if (!(*kind)->single)
		rest = weft_key_part(rest, name);
	if (rest || (in_tenant && !weft_name_valid(tenant)) || (!(*kind)->single && !weft_name_valid(name)))
		return weft_fail(err, EINVAL,
			"\"%.100s\" is not the key of an object: a name has 1 to 63 letters, digits, '.', '_' and '-', and "
			"begins with a letter or digit",
			key);
	return 0;
}

struct weft_object *
weft_object_new(const char *key, json_t *json, struct weft_error *err)
{
	char tenant[WEFT_NAME_SIZE], name[WEFT_NAME_SIZE], where[WEFT_KEY_SIZE];
	static uint64_t serial;
	const struct weft_kind *kind;
	struct weft_object *object;
	int ret = weft_key_parse(key, &kind, tenant, name, err);

	if (ret)
		return NULL;
	object = calloc(1, kind->size);
	if (object == NULL) {
		weft_fail(err, ENOMEM, "%s: no memory", key);
		return NULL;
	}
	object->kind = kind;
	object->serial = ++serial;
	snprintf(object->key, sizeof(object->key), "%s", key);
	snprintf(object->path, sizeof(object->path), "%s%s%s", tenant, tenant[0] && name[0] ? "/" : "", name);
	// In errors the path is written as in the bundle.
	snprintf(where, sizeof(where), "%s", key);
	for (char *p = where; (p = strchr(p, '/')) != NULL;)
		*p = '.';
	if (kind->init)
		kind->init(object);
	if (kind->derive)
		kind->derive(key, json);
	ret = weft_fields_parse(kind->fields, where, json, object, err);
	if (ret == 0 && kind->check)
		ret = kind->check(where, object, err);
	if (ret == 0) {
		object->text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
		if (object->text)
			return object;
		ret = weft_fail(err, ENOMEM, "%s: no memory", where);
	}
	weft_object_free(object);
	errno = -ret;
	return NULL;
}

void
weft_object_free(struct weft_object *object)
{
	if (object == NULL)
		return;
	weft_fields_free(object->kind->fields, object);
	free(object->text);
	free(object);
}

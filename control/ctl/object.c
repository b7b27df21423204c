// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "command.h"
#include "print_policy.h"

// {"tenants": {tenant: {KIND: {name: OBJECT}}}}. It takes the reference to OBJECT.
static json_t *
bundle(const char *kind, const char *path, json_t *object)
{
	const char *slash = strchr(path, '/');
	char tenant[256] = "default";

	if (slash)
		snprintf(tenant, sizeof(tenant), "%.*s", (int)(slash - path), path);
	return json_pack("{s:{s:{s:{s:o}}}}", "tenants", tenant, kind, slash ? slash + 1 : path, object);
}

int
object_apply(const char *kind, const char *path, json_t *object)
{
	json_t *params = json_pack("{s:o, s:b}", "policy", bundle(kind, path, object), "bind_here", 1), *changes;
	int code;

	changes = client_call("apply", params, &code);
	if (changes == NULL)
		return code;
	if (!ctl_json)
		print_changes(changes);
	json_decref(changes);
	return DONE;
}

json_t *
object_typed(const char *value)
{
	char *end;
	long long n = strtoll(value, &end, 10);

	return *value && *end == 0 ? json_integer(n) : json_string(value);
}

json_t *
object_typed_list(const char *value, bool numbers)
{
	json_t *items = json_array();
	char *copy = strdup(value), *save = NULL;

	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save))
		json_array_append_new(items, numbers ? object_typed(item) : json_string(item));
	free(copy);
	return items;
}

json_t *
object_get(const json_t *object, const char *path)
{
	size_t len = strcspn(path, ".");
	json_t *member = json_object_getn(object, path, len);

	return path[len] ? object_get(member, path + len + 1) : member;
}

void
object_set(json_t *object, const char *path, json_t *value)
{
	const char *dot = strchr(path, '.');
	size_t len = dot ? (size_t)(dot - path) : 0;

	if (dot == NULL) {
		json_object_set_new(object, path, value);
		return;
	}
	if (!json_is_object(json_object_getn(object, path, len)))
		json_object_setn_new(object, path, len, json_object());
	object_set(json_object_getn(object, path, len), dot + 1, value);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "scope.h"

#include <string.h>

static bool
is_role(const json_t *scope, const char *role)
{
	const char *is = json_string_value(json_object_get(scope, "role"));

	return is && strcmp(is, role) == 0;
}

bool
weft_scope_all(const json_t *scope)
{
	return scope == NULL || (is_role(scope, "admin") && json_object_get(scope, "tenants") == NULL);
}

static bool
has_tenant(const json_t *scope, const char *tenant)
{
	const json_t *tenants = json_object_get(scope, "tenants");
	size_t i;
	json_t *one;

	json_array_foreach ((json_t *)(uintptr_t)tenants, i, one)
		if (json_is_string(one) && strcmp(json_string_value(one), tenant) == 0)
			return true;
	return tenants == NULL;
}

bool
weft_scope_port(const json_t *scope, const char *port)
{
	const char *slash = port ? strchr(port, '/') : NULL;
	char tenant[WEFT_NAME_SIZE] = "default";

	if (weft_scope_all(scope))
		return true;
	if (!is_role(scope, "admin") && !is_role(scope, "operate"))
		return false;
	if (port == NULL)
		return json_object_get(scope, "tenants") == NULL;
	if (slash) {
		tenant[0] = 0;
		strncat(tenant, port, RTE_MIN((size_t)(slash - port), sizeof(tenant) - 1));
	}
	return has_tenant(scope, tenant);
}

// Whether FIELD has the same value in OBJECT as in OLD. A missing field has its default.
static bool
is_same(const struct weft_field *field, const json_t *old, const json_t *object)
{
	json_t *preset = field->preset ? json_loads(field->preset, JSON_DECODE_ANY, NULL) : NULL;
	const json_t *before = json_object_get(old, field->name), *now = json_object_get(object, field->name);
	bool same;

	before = before ? before : preset;
	now = now ? now : preset;
	same = before == now || json_equal(before, now);
	json_decref(preset);
	return same;
}

// Finds the first of FIELDS that is the provider's and that OBJECT changes, and writes its path to NAME. False: none.
static bool
find_changed(const struct weft_field *fields, const json_t *old, const json_t *object, char name[80])
{
	size_t len = strlen(name);

	for (const struct weft_field *f = fields; f->name; f++) {
		name[len] = 0;
		strncat(name, ".", 79 - len);
		strncat(name, f->name, 79 - strlen(name));
		if (f->providers && !is_same(f, old, object))
			return true;
		if (f->type == WEFT_FIELD_OBJECT &&
			find_changed(f->fields, json_object_get(old, f->name), json_object_get(object, f->name), name))
			return true;
	}
	name[len] = 0;
	return false;
}

static int
check_fields(const struct weft_kind *kind, const struct weft_model *model, const char *key, const json_t *object,
	struct weft_error *err)
{
	const struct weft_object *there = weft_model_get(model, key);
	json_t *old = there ? json_loads(there->text, 0, NULL) : NULL;
	char field[80] = "";
	bool changed;

	if (json_is_null(object) && old == NULL)
		return 0;
	changed = find_changed(kind->fields, old, json_is_object(object) ? object : NULL, field);
	json_decref(old);
	if (!changed)
		return 0;
	return weft_fail(err, EPERM,
		"%s%s: only the role admin may change it, because it concerns the host or the physical network", key,
		field);
}

int
weft_scope_check(const json_t *scope, const struct weft_model *model, const json_t *changes, struct weft_error *err)
{
	bool admin = is_role(scope, "admin");
	const char *key;
	json_t *object;

	if (weft_scope_all(scope))
		return 0;
	if (!admin && !is_role(scope, "operate"))
		return weft_fail(err, EPERM, "the role read may not change anything");
	json_object_foreach ((json_t *)(uintptr_t)changes, key, object) {
		const struct weft_kind *kind;
		char tenant[WEFT_NAME_SIZE], name[WEFT_NAME_SIZE];
		int ret = weft_key_parse(key, &kind, tenant, name, err);

		if (ret)
			return ret;
		if (tenant[0] == 0 ? json_object_get(scope, "tenants") != NULL : !has_tenant(scope, tenant))
			return weft_fail(err, EPERM, "%s: you may not change objects of this tenant", key);
		if (!admin && (!kind->in_tenant || kind->providers))
			return weft_fail(err, EPERM, "%s: only the role admin may change it", key);
		ret = admin ? 0 : check_fields(kind, model, key, object, err);
		if (ret)
			return ret;
	}
	return 0;
}

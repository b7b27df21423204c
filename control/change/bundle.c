// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Converts bundles to changes and back, and shows changes to people.
#include "bundle.h"

#include <stdio.h>
#include <string.h>

// Enters OBJECT, or null, as the change of the object at PATH.
static int
put_change(json_t *changes, const struct weft_kind *kind, const char *path, json_t *object, struct weft_error *err)
{
	char key[WEFT_KEY_SIZE];

	weft_key_make(kind, path, key);
	return json_object_set_new(changes, key, json_deep_copy(object)) ? weft_fail(err, ENOMEM, "no memory") : 0;
}

static int
take_objects(json_t *changes, const struct weft_kind *kind, const char *tenant, const json_t *objects,
	struct weft_error *err)
{
	char path[WEFT_PATH_SIZE];
	const char *name;
	json_t *object;
	int ret = 0;

	if (!json_is_object(objects))
		return weft_fail(err, EINVAL, "%s%s%s%s: expected an object { name: { ... } }",
			tenant ? "tenants." : "", tenant ? tenant : "", tenant ? "." : "", kind->plural);
	json_object_foreach ((json_t *)(uintptr_t)objects, name, object) {
		if (!weft_name_valid(name))
			return weft_fail(err, EINVAL,
				"%s%s%s%s: \"%.80s\" is not a name: use 1 to 63 letters, digits, '.', '_' and '-', and begin "
				"with a letter or digit",
				tenant ? "tenants." : "", tenant ? tenant : "", tenant ? "." : "", kind->plural, name);
		snprintf(path, sizeof(path), "%s%s%s", tenant ? tenant : "", tenant ? "/" : "", name);
		if ((ret = put_change(changes, kind, path, object, err)))
			return ret;
	}
	return 0;
}

static int
unknown_kind(const char *tenant, const char *kind, bool in_tenant, struct weft_error *err)
{
	char known[256];
	size_t len = 0;

	for (unsigned int i = 0; weft_kinds[i]; i++)
		if (weft_kinds[i]->in_tenant == in_tenant)
			len += snprintf(
				known + len, sizeof(known) - len, "%s%s", len ? ", " : "", weft_kinds[i]->plural);
	if (in_tenant)
		return weft_fail(err, EINVAL, "tenants.%s.%.64s: there is no such kind of object; known are %s", tenant,
			kind, known);
	return weft_fail(err, EINVAL, "%.64s: there is no such field; known are tenants, %s", kind, known);
}

static int
take_tenant(json_t *changes, const char *tenant, const json_t *kinds, struct weft_error *err)
{
	const char *plural;
	json_t *objects;
	int ret = 0;

	if (!weft_name_valid(tenant))
		return weft_fail(err, EINVAL, "tenants: \"%.80s\" is not a name", tenant);
	if (!json_is_object(kinds))
		return weft_fail(err, EINVAL, "tenants.%s: expected an object { ... }", tenant);
	json_object_foreach ((json_t *)(uintptr_t)kinds, plural, objects) {
		const struct weft_kind *kind = weft_kind_by_plural(plural);

		if (kind == NULL || !kind->in_tenant)
			return unknown_kind(tenant, plural, true, err);
		ret = kind->single ? put_change(changes, kind, tenant, objects, err)
				   : take_objects(changes, kind, tenant, objects, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int
take_top(json_t *changes, const char *name, const json_t *value, struct weft_error *err)
{
	const struct weft_kind *kind = weft_kind_by_plural(name);
	const char *tenant;
	json_t *kinds;
	int ret = 0;

	if (strcmp(name, "tenants")) {
		if (kind == NULL || kind->in_tenant)
			return unknown_kind("", name, false, err);
		return take_objects(changes, kind, NULL, value, err);
	}
	if (!json_is_object(value))
		return weft_fail(err, EINVAL, "tenants: expected an object");
	json_object_foreach ((json_t *)(uintptr_t)value, tenant, kinds) {
		if (ret == 0)
			ret = take_tenant(changes, tenant, kinds, err);
	}
	return ret;
}

json_t *
weft_bundle_changes(const json_t *bundle, struct weft_error *err)
{
	json_t *changes = json_object(), *value;
	const char *name;
	int ret = 0;

	if (!json_is_object(bundle))
		ret = weft_fail(err, EINVAL, "expected an object { \"tenants\": ... }");
	json_object_foreach ((json_t *)(uintptr_t)bundle, name, value) {
		if (ret == 0)
			ret = take_top(changes, name, value, err);
	}
	if (ret == 0)
		return changes;
	json_decref(changes);
	return NULL;
}

// Finds the object NAME in PARENT, or makes it.
static json_t *
child(json_t *parent, const char *name)
{
	if (json_object_get(parent, name) == NULL)
		json_object_set_new(parent, name, json_object());
	return json_object_get(parent, name);
}

void
weft_bundle_put(json_t *bundle, const char *key, json_t *object)
{
	char tenant[WEFT_NAME_SIZE], name[WEFT_NAME_SIZE];
	const struct weft_kind *kind;
	struct weft_error err;
	json_t *to = bundle;

	if (weft_key_parse(key, &kind, tenant, name, &err)) {
		json_decref(object);
		return;
	}
	if (kind->in_tenant)
		to = child(child(bundle, "tenants"), tenant);
	if (!kind->single)
		to = child(to, kind->plural);
	if (object)
		json_object_set_new(to, kind->single ? kind->plural : name, object);
	else
		json_object_del(to, kind->single ? kind->plural : name);
}

void
weft_bundle_prune(json_t *changes, const json_t *bundle, const struct weft_model *model)
{
	const json_t *tenants = json_object_get(bundle, "tenants");

	for (const struct weft_object *object = model->objects; object; object = object->hh.next) {
		char tenant[WEFT_NAME_SIZE];
		bool named;

		weft_object_tenant(object, tenant);
		named = object->kind->in_tenant ? json_object_get(tenants, tenant) != NULL
						: json_object_get(bundle, object->kind->plural) != NULL;
		// People do not write the addresses of retired ports into bundles, so they are not removed.
		if (named && object->kind != &weft_kind_retired && json_object_get(changes, object->key) == NULL)
			json_object_set_new(changes, object->key, json_null());
	}
}

json_t *
weft_changeset_report(const struct weft_changeset *set)
{
	json_t *report = json_pack("{s:[], s:[], s:[]}", "added", "changed", "removed");

	for (unsigned int i = 0; i < set->n; i++) {
		const struct weft_change *c = &set->change[i];
		const char *what = c->old == NULL ? "added" : c->new ? "changed" : "removed";

		json_array_append_new(json_object_get(report, what), json_string((c->new ? c->new : c->old)->key));
	}
	return report;
}

static json_t *
object_or_null(const struct weft_object *object)
{
	return object ? json_loads(object->text, 0, NULL) : json_null();
}

json_t *
weft_changeset_diff(const struct weft_changeset *set)
{
	json_t *diff = json_array();

	for (unsigned int i = 0; i < set->n; i++) {
		const struct weft_change *c = &set->change[i];

		json_array_append_new(diff, json_pack("{s:s, s:o, s:o}", "key", (c->new ? c->new : c->old)->key,
						    "before", object_or_null(c->old), "after", object_or_null(c->new)));
	}
	return diff;
}

json_t *
weft_model_bundle(const struct weft_model *model)
{
	json_t *bundle = json_pack("{s:{}}", "tenants");

	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		weft_bundle_put(bundle, object->key, json_loads(object->text, 0, NULL));
	return bundle;
}

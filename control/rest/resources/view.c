// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "view.h"

#include <string.h>

#include "control/rest/http/problem.h"
#include "route.h"

bool
view_sees_all(const json_t *as)
{
	return json_object_get(as, "tenants") == NULL;
}

static bool
sees_name(const json_t *as, const char *name, size_t len)
{
	size_t i;
	json_t *tenant;

	json_array_foreach (json_object_get(as, "tenants"), i, tenant)
		if (json_string_length(tenant) == len && strncmp(json_string_value(tenant), name, len) == 0)
			return true;
	return view_sees_all(as);
}

bool
view_sees(const json_t *as, const char *tenant)
{
	return sees_name(as, tenant, strlen(tenant));
}

// The part of the request's path that stands at {tenant} in its route.
static const char *
tenant_of(const struct request *r)
{
	const char *at = r->route->path;
	unsigned int i = 1;

	while (*at && strncmp(at, "{tenant}", 8)) {
		at += strcspn(at, "/");
		at += *at == '/';
		i++;
	}
	return *at && i < r->n_parts ? r->part[i] : "";
}

bool
view_allows(struct request *r)
{
	enum view view = r->route->view;

	if (view_sees_all(r->as) || view == VIEW_ALL || view == VIEW_OWN ||
		(view == VIEW_TENANT && view_sees(r->as, tenant_of(r))))
		return true;
	if (view == VIEW_TENANT)
		weft_problem(r, 403, "%s is not one of your tenants", tenant_of(r));
	else
		weft_problem(r, 403, "this covers the whole host, and your access is limited to some tenants");
	return false;
}

// Whether NAME, "tenant/name" or "tenant/name more", is of a tenant that AS sees.
static bool
own_name(const json_t *as, const json_t *name)
{
	const char *text = json_string_value(name);

	return text && strchr(text, '/') && sees_name(as, text, strcspn(text, "/"));
}

// Whether KEY, "tenants/tenant/...", is of a tenant that AS sees.
static bool
own_key(const json_t *as, const char *key)
{
	return key && strncmp(key, "tenants/", 8) == 0 && sees_name(as, key + 8, strcspn(key + 8, "/"));
}

static bool
own_row(const json_t *as, const json_t *row)
{
	static const char *const names[] = { "port", "name", "rule" };
	const json_t *tenant = json_object_get(row, "tenant"), *name;

	if (json_is_string(row))
		return own_key(as, json_string_value(row));
	if (tenant)
		return view_sees(as, json_is_string(tenant) ? json_string_value(tenant) : "");
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((name = json_object_get(row, names[i])) != NULL)
			return own_name(as, name);
	return own_name(as, json_object_get(json_object_get(row, "from"), "port")) ||
	       own_name(as, json_object_get(json_object_get(row, "to"), "port"));
}

static bool
is_generation(const json_t *row)
{
	return json_object_get(row, "generation") && json_object_get(row, "added");
}

static bool
changes_nothing(const json_t *row)
{
	return json_array_size(json_object_get(row, "added")) + json_array_size(json_object_get(row, "changed")) +
		       json_array_size(json_object_get(row, "removed")) ==
	       0;
}

// Removes from VALUE what AS does not see.
static void
keep_own(const json_t *as, json_t *value)
{
	json_t *one;
	const char *key;
	void *next;
	size_t i;

	if (json_is_array(value)) {
		for (i = json_array_size(value); i > 0; i--) {
			one = json_array_get(value, i - 1);
			if (is_generation(one))
				keep_own(as, one);
			if (is_generation(one) ? changes_nothing(one) : !own_row(as, one))
				json_array_remove(value, i - 1);
		}
		return;
	}
	json_object_foreach_safe (value, next, key, one) {
		if (strcmp(key, "tenants") == 0 && json_is_object(one)) {
			void *after;
			const char *tenant;
			json_t *objects;

			json_object_foreach_safe (one, after, tenant, objects)
				if (!view_sees(as, tenant))
					json_object_del(one, tenant);
		} else if (json_is_array(one) || strcmp(key, "changes") == 0 || strcmp(key, "before") == 0) {
			keep_own(as, one);
		} else if (json_is_object(one) && !own_key(as, key)) {
			json_object_del(value, key);
		} else if (json_is_null(one) && strchr(key, '/') && !own_key(as, key)) {
			json_object_del(value, key);
		}
	}
}

json_t *
view_own_part(const json_t *as, json_t *result)
{
	if (view_sees_all(as))
		return result;
	keep_own(as, result);
	// The number of all sessions that match would tell about other tenants.
	if (json_object_get(result, "matched"))
		json_object_set_new(result, "matched",
			json_integer((json_int_t)json_array_size(json_object_get(result, "sessions"))));
	return result;
}

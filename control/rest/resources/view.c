// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What those see who have some tenants only.
#include <string.h>

#include "control/rest/http/request.h"

bool
sees_all(const struct request *r)
{
	return json_object_get(r->as, "tenants") == NULL;
}

static bool
may_see_name(const struct request *r, const char *name, size_t len)
{
	size_t i;
	json_t *tenant;

	json_array_foreach (json_object_get(r->as, "tenants"), i, tenant)
		if (json_string_length(tenant) == len && strncmp(json_string_value(tenant), name, len) == 0)
			return true;
	return sees_all(r);
}

bool
may_see(const struct request *r, const char *tenant)
{
	return may_see_name(r, tenant, strlen(tenant));
}

// The part of the request's path in which its route has the tenant.
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
may_use(struct request *r)
{
	if (sees_all(r) || r->route->view == VIEW_ALL || r->route->view == VIEW_OWN ||
		(r->route->view == VIEW_PATH && may_see(r, tenant_of(r))))
		return true;
	if (r->route->view == VIEW_PATH)
		problem(r, 403, "%s is not one of your tenants", tenant_of(r));
	else
		problem(r, 403, "this is about the whole host, and you have some tenants only");
	return false;
}

// "tenant/name" or "tenant/name more".
static bool
own_name(const struct request *r, const json_t *name)
{
	const char *text = json_string_value(name);

	return text && strchr(text, '/') && may_see_name(r, text, strcspn(text, "/"));
}

// "tenants/tenant/...".
static bool
own_key(const struct request *r, const char *key)
{
	return key && strncmp(key, "tenants/", 8) == 0 && may_see_name(r, key + 8, strcspn(key + 8, "/"));
}

static bool
own_row(const struct request *r, const json_t *row)
{
	static const char *const names[] = { "port", "name", "rule" };
	const json_t *tenant = json_object_get(row, "tenant"), *name;

	if (json_is_string(row))
		return own_key(r, json_string_value(row));
	if (tenant)
		return may_see(r, json_is_string(tenant) ? json_string_value(tenant) : "");
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((name = json_object_get(row, names[i])) != NULL)
			return own_name(r, name);
	return own_name(r, json_object_get(json_object_get(row, "from"), "port")) ||
	       own_name(r, json_object_get(json_object_get(row, "to"), "port"));
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

// Rows of lists that belong to a tenant, and objects by their keys; a generation's row says which.
static void
keep_own(const struct request *r, json_t *value)
{
	json_t *one;
	const char *key;
	void *next;
	size_t i;

	if (json_is_array(value)) {
		for (i = json_array_size(value); i > 0; i--) {
			one = json_array_get(value, i - 1);
			if (is_generation(one))
				keep_own(r, one);
			if (is_generation(one) ? changes_nothing(one) : !own_row(r, one))
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
				if (!may_see(r, tenant))
					json_object_del(one, tenant);
		} else if (json_is_array(one) || strcmp(key, "changes") == 0 || strcmp(key, "before") == 0) {
			keep_own(r, one);
		} else if (json_is_object(one) && !own_key(r, key)) {
			json_object_del(value, key);
		} else if (json_is_null(one) && strchr(key, '/') && !own_key(r, key)) {
			json_object_del(value, key);
		}
	}
}

json_t *
own_part(const struct request *r, json_t *result)
{
	if (sees_all(r))
		return result;
	keep_own(r, result);
	// Nor how many others have.
	if (json_object_get(result, "matched"))
		json_object_set_new(result, "matched",
			json_integer((json_int_t)json_array_size(json_object_get(result, "sessions"))));
	return result;
}

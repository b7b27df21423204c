// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A generation concerns a network if it changes the network, a port in it, another object of its tenant, or one of the
// provider's objects.
#include "stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_ids.h"
#include "domains.h"

// The path of a network that the generation concerns; or the name of a tenant, if it concerns all of its networks.
struct scope {
	UT_hash_handle hh;
	char path[WEFT_PATH_SIZE];
};

// The networks that a generation concerns.
struct concern {
	struct scope *scopes;
	bool all; // networks of all tenants
};

static int
add_scope(struct concern *concern, const char *path)
{
	struct scope *scope;

	HASH_FIND_STR(concern->scopes, path, scope);
	if (scope)
		return 0;
	scope = calloc(1, sizeof(*scope));
	if (scope == NULL)
		return -ENOMEM;
	snprintf(scope->path, sizeof(scope->path), "%s", path);
	HASH_ADD_STR(concern->scopes, path, scope);
	if (scope->hh.tbl)
		return 0;
	free(scope);
	return -ENOMEM;
}

static int
add(struct concern *concern, const struct weft_object *object)
{
	const struct weft_port *port = (const struct weft_port *)object;
	char tenant[WEFT_NAME_SIZE], network[WEFT_PATH_SIZE];

	if (object == NULL || object->kind == &weft_kind_host || object->kind == &weft_kind_retired)
		return 0;
	if (!object->kind->in_tenant) {
		concern->all = true;
		return 0;
	}
	if (object->kind == &weft_kind_network)
		return add_scope(concern, object->path);
	weft_object_tenant(object, tenant);
	if (!weft_is_port(object) || !port->network[0])
		return add_scope(concern, tenant);
	snprintf(network, sizeof(network), "%.63s/%.63s", tenant, port->network);
	return add_scope(concern, network);
}

static bool
has_scope(const struct concern *concern, const char *path, size_t len)
{
	const struct scope *scope;

	HASH_FIND(hh, concern->scopes, path, len, scope);
	return scope != NULL;
}

// Whether the generation concerns NETWORK.
static bool
is_concerned(const struct concern *concern, const char *network)
{
	return concern->all || has_scope(concern, network, strlen(network)) ||
	       has_scope(concern, network, strcspn(network, "/"));
}

static int
stamp(struct weft_build *build, const struct concern *concern, uint64_t generation)
{
	for (const struct weft_domain_id *d = build->placement->domains; d; d = d->hh.next) {
		struct weft_domain *domain;

		if (weft_snapshot_domain(build->snap, d->id)->tunnel != WEFT_TUNNEL_GENEVE ||
			!is_concerned(concern, d->key.network))
			continue;
		domain = build_own_domain(build, d->id);
		if (domain == NULL)
			return -ENOMEM;
		domain->changed = (uint32_t)generation;
	}
	return 0;
}

int
weft_build_stamp(
	struct weft_build *build, const struct weft_changeset *set, uint64_t generation, struct weft_error *err)
{
	struct concern concern = { 0 };
	struct scope *scope, *next;
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < set->n; i++) {
		ret = add(&concern, set->change[i].old);
		if (ret == 0)
			ret = add(&concern, set->change[i].new);
	}
	if (ret == 0 && (concern.all || concern.scopes))
		ret = stamp(build, &concern, generation);
	HASH_ITER (hh, concern.scopes, scope, next) {
		HASH_DEL(concern.scopes, scope);
		free(scope);
	}
	return ret ? weft_fail(err, ENOMEM, "no memory to compile the policy") : 0;
}

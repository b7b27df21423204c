// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A generation concerns a network when it changes the network, a port in it, or what is its tenant's or everybody's.
#include "stamp.h"

#include <stdio.h>
#include <string.h>

#include "domains.h"

// What of domains' names, "tenant/network.vid", is concerned: as prefixes with what follows them.
struct concern {
	json_t *prefixes; // set
	bool all;
};

static void
add(struct concern *concern, const struct weft_object *object)
{
	const struct weft_port *port = (const struct weft_port *)object;
	char tenant[WEFT_NAME_SIZE], prefix[WEFT_PATH_SIZE + 1];

	if (object == NULL || object->kind == &weft_kind_host || object->kind == &weft_kind_retired)
		return;
	if (!object->kind->in_tenant) {
		concern->all = true;
		return;
	}
	weft_object_tenant(object, tenant);
	if (object->kind == &weft_kind_network)
		snprintf(prefix, sizeof(prefix), "%s.", object->path);
	else if (weft_is_port(object) && port->network[0])
		snprintf(prefix, sizeof(prefix), "%s/%s.", tenant, port->network);
	else
		snprintf(prefix, sizeof(prefix), "%s/", tenant);
	json_object_set_new(concern->prefixes, prefix, json_true());
}

static bool
is_concerned(const struct concern *concern, const char *name)
{
	char prefix[WEFT_PATH_SIZE + 8];

	if (concern->all)
		return true;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)strcspn(name, "/") + 1, name);
	if (json_object_get(concern->prefixes, prefix))
		return true;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)(strrchr(name, '.') - name) + 1, name);
	return json_object_get(concern->prefixes, prefix) != NULL;
}

int
weft_build_stamp(
	struct weft_build *build, const struct weft_changeset *set, uint64_t generation, struct weft_error *err)
{
	struct concern concern = { .prefixes = json_object() };
	const char *name;
	json_t *number;
	int ret = 0;

	for (unsigned int i = 0; i < set->n; i++) {
		add(&concern, set->change[i].old);
		add(&concern, set->change[i].new);
	}
	if (!concern.all && json_object_size(concern.prefixes) == 0)
		goto out;
	json_object_foreach (build->placement->domains, name, number) {
		uint16_t id = json_integer_value(number);
		struct weft_domain *domain;

		if (weft_snapshot_domain(build->snap, id)->tunnel != WEFT_TUNNEL_GENEVE ||
			!is_concerned(&concern, name))
			continue;
		domain = build_own_domain(build, id);
		if (domain == NULL) {
			ret = weft_fail(err, ENOMEM, "no memory to compile the policy");
			break;
		}
		domain->changed = (uint32_t)generation;
	}
out:
	json_decref(concern.prefixes);
	return ret;
}

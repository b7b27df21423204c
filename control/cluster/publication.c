// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "publication.h"

#include <stdio.h>
#include <string.h>

#include "control/cluster/etcd/messages.h"

static const char *const states[] = { "idle", "write", "prepare", "active" };

void
publication_set(struct publication *pub, const json_t *value, int64_t revision)
{
	const char *state = json_string_value(json_object_get(value, "state"));
	const char *id = json_string_value(json_object_get(value, "id"));
	const char *driver = json_string_value(json_object_get(value, "driver"));
	json_t *json = json_incref((json_t *)(uintptr_t)value);

	json_decref(pub->json);
	*pub = (struct publication){ .json = json, .revision = revision };
	pub->generation = json_integer_value(json_object_get(json, "generation"));
	pub->parts = json_integer_value(json_object_get(json, "parts"));
	snprintf(pub->id, sizeof(pub->id), "%s", id ? id : "");
	snprintf(pub->driver, sizeof(pub->driver), "%s", driver ? driver : "");
	for (unsigned int i = 0; state && i < 4; i++)
		if (strcmp(state, states[i]) == 0)
			pub->state = i;
}

void
publication_take(struct publication *pub, const json_t *kv)
{
	json_t *value = kv ? weft_etcd_json(kv) : NULL;

	publication_set(pub, value, weft_etcd_int(kv, "mod_revision"));
	json_decref(value);
}

uint64_t
publication_in_force(const struct publication *pub)
{
	return pub->state == PUB_WRITE || pub->state == PUB_PREPARE ? pub->generation - 1 : pub->generation;
}

const char *
publication_state_name(enum pub_state state)
{
	return states[state];
}

bool
publication_concerns(const json_t *hosts, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach ((json_t *)(uintptr_t)hosts, i, one)
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	return json_is_string(hosts);
}

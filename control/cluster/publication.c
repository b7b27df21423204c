// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "publication.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/change/history.h"
#include "control/cluster/etcd/messages.h"

#define MAX_PARTS  100000
#define MAX_REASON 2000 // characters

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

// Whether VALUE is a text shorter than SIZE, or, where it need not be, is missing.
static bool
is_text(const json_t *value, size_t size, bool must)
{
	return value ? json_is_string(value) && json_string_length(value) < size : !must;
}

static bool
are_hosts(const json_t *hosts)
{
	size_t i;
	json_t *one;

	json_array_foreach ((json_t *)(uintptr_t)hosts, i, one)
		if (!json_is_string(one) || !weft_name_valid(json_string_value(one)))
			return false;
	return json_is_array(hosts) || (json_is_string(hosts) && strcmp(json_string_value(hosts), "*") == 0);
}

static bool
is_state(const json_t *value)
{
	for (unsigned int i = 0; json_is_string(value) && i < 4; i++)
		if (strcmp(json_string_value(value), states[i]) == 0)
			return true;
	return false;
}

// Returns the field of VALUE that no host would have written like this, and what was EXPECTED; NULL: it can be a
// publication.
static const char *
wrong_field(const json_t *value, const char **expected)
{
	const json_t *state = json_object_get(value, "state"), *abandoned = json_object_get(value, "abandoned");
	const json_t *generation = json_object_get(value, "generation"), *parts = json_object_get(value, "parts");
	const json_t *hosts = json_object_get(value, "hosts"), *changes = json_object_get(value, "changes");
	bool idle = json_is_string(state) && strcmp(json_string_value(state), states[PUB_IDLE]) == 0;

	*expected = "one of idle, write, prepare and active";
	if (!is_state(state))
		return "state";
	*expected = "a number from 0 to 2^53";
	if (!weft_generation_valid(generation) &&
		!(idle && json_is_integer(generation) && json_integer_value(generation) == 0))
		return "generation";
	*expected = "a number of parts";
	if (parts &&
		(!json_is_integer(parts) || json_integer_value(parts) < 0 || json_integer_value(parts) > MAX_PARTS))
		return "parts";
	*expected = "a short text";
	if (!is_text(json_object_get(value, "id"), ID_SIZE, !idle))
		return "id";
	if (!is_text(json_object_get(value, "driver"), sizeof(((struct publication *)0)->driver), !idle))
		return "driver";
	*expected = "a list of hosts' names, or \"*\"";
	if (hosts ? !are_hosts(hosts) : !idle)
		return "hosts";
	*expected = "an object";
	if (changes && !json_is_object(changes))
		return "changes";
	if (abandoned && (!is_text(json_object_get(abandoned, "id"), ID_SIZE, true) ||
				 !is_text(json_object_get(abandoned, "reason"), MAX_REASON, true)))
		return "abandoned";
	return NULL;
}

int
publication_take(struct publication *pub, const json_t *kv, struct weft_error *err)
{
	json_t *value = kv ? weft_etcd_json(kv) : NULL;
	const char *expected = NULL, *field = json_is_object(value) ? wrong_field(value, &expected) : NULL;
	int ret = 0;

	if (kv && !json_is_object(value))
		ret = weft_fail(err, EBADMSG, "it is not a JSON object");
	else if (field)
		ret = weft_fail(err, EBADMSG, "%s: expected %s", field, expected);
	else
		publication_set(pub, value, weft_etcd_int(kv, "mod_revision"));
	json_decref(value);
	return ret;
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
		if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
			return true;
	return json_is_string(hosts);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "event_ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	struct event_entry entry[EVENT_RING_SIZE];
	uint64_t n;	 // events so far; event I is at I % EVENT_RING_SIZE
	char run[24];	 // weftd's run; empty: not known yet
	json_int_t last; // number of the latest event in it
} ring;

uint64_t
event_ring_count(void)
{
	return ring.n;
}

const struct event_entry *
event_ring_at(uint64_t i)
{
	return &ring.entry[i % EVENT_RING_SIZE];
}

// Sets who may see EVENT: its port's tenant, where it is about a port.
static void
name_tenant(struct event_entry *entry, const json_t *event, const char *kind)
{
	const char *port = json_string_value(json_object_get(event, "port"));

	if (port == NULL)
		port = json_string_value(json_object_get(event, "source"));
	if (strcmp(kind, "generation") == 0 || strcmp(kind, "lost") == 0)
		strcpy(entry->tenant, "*");
	else if (port && strchr(port, '/'))
		snprintf(entry->tenant, sizeof(entry->tenant), "%.*s", (int)strcspn(port, "/"), port);
	else
		entry->tenant[0] = 0;
}

// Adds EVENT, whose name is KIND.
static void
append(const json_t *event, const char *kind)
{
	struct event_entry *entry = &ring.entry[ring.n % EVENT_RING_SIZE];
	char *data = json_dumps(event, JSON_COMPACT);
	size_t size = (data ? strlen(data) : 0) + 160;

	free(entry->text);
	entry->text = data ? malloc(size) : NULL;
	if (entry->text)
		snprintf(entry->text, size, "id: %s-%lld\nevent: %.60s\ndata: %s\n\n", ring.run, (long long)ring.last,
			kind, data);
	entry->number = ring.last;
	strcpy(entry->run, ring.run);
	name_tenant(entry, event, kind);
	ring.n++;
	free(data);
}

static void
append_lost(void)
{
	json_t *event = json_pack("{s:s}", "event", "lost");

	append(event, "lost");
	json_decref(event);
}

void
event_ring_take(const json_t *result)
{
	const char *run = json_string_value(json_object_get(result, "run")), *kind;
	size_t i;
	json_t *event;

	if (json_is_true(json_object_get(result, "lost")) || (ring.run[0] && run && strcmp(run, ring.run)))
		append_lost();
	snprintf(ring.run, sizeof(ring.run), "%s", run ? run : "");
	json_array_foreach (json_object_get(result, "events"), i, event) {
		kind = json_string_value(json_object_get(event, "event"));
		ring.last = json_integer_value(json_object_get(event, "number"));
		append(event, kind ? kind : "log");
	}
}

json_t *
event_ring_params(void)
{
	json_t *params = json_pack("{s:I}", "after", ring.last);

	if (ring.run[0])
		json_object_set_new(params, "run", json_string(ring.run));
	return params;
}

uint64_t
event_ring_after(const char *id)
{
	uint64_t oldest = ring.n > EVENT_RING_SIZE ? ring.n - EVENT_RING_SIZE : 0;
	const char *dash = id ? strchr(id, '-') : NULL;

	if (dash == NULL)
		return ring.n;
	for (uint64_t i = ring.n; i > oldest; i--) {
		const struct event_entry *entry = event_ring_at(i - 1);

		if (entry->number == strtoll(dash + 1, NULL, 10) && strlen(entry->run) == (size_t)(dash - id) &&
			strncmp(entry->run, id, (size_t)(dash - id)) == 0)
			return i;
	}
	append_lost();
	return ring.n - 1;
}

void
event_ring_free(void)
{
	for (unsigned int i = 0; i < EVENT_RING_SIZE; i++)
		free(ring.entry[i].text);
}

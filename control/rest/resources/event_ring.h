// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The latest events of weftd, as texts of Server-Sent Events, in a ring. An event's id is weftd's run, a dash, and the
// event's number in that run.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define EVENT_RING_SIZE 1024

struct event_entry {
	char *text; // NULL: there was no memory for it
	json_int_t number;
	char run[24];
	char tenant[64]; // who may see it: "": who sees the whole host, "*": everybody
};

// How many events the ring has taken so far; it still has the latest EVENT_RING_SIZE of them.
uint64_t event_ring_count(void);
// Event number I of these, which must still be there.
const struct event_entry *event_ring_at(uint64_t i);

// Takes the RESULT of weftd's method "events". Where weftd lost events, or started again, an event "lost" comes first.
void event_ring_take(const json_t *result);
// The parameters of the next call of that method, besides the timeout: a new object.
json_t *event_ring_params(void);

// The event at which a client goes on that has seen ID last; without ID (NULL), the next one to come. Where the ring does
// not have ID, an event "lost" is added, and that is it.
uint64_t event_ring_after(const char *id);

void event_ring_free(void);

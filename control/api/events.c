// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "events.h"

#include <stdlib.h>
#include <string.h>

#include "control/state/state.h"

#define MAX_WAITING 512
#define MAX_EACH    4 // of one client
#define MAX_EVENTS  256
#define DEFAULT_MS  25000
#define MAX_MS	    60000

static struct {
	struct weft_call *call;
	uint64_t after;
	int64_t left_ms;
} waiting[MAX_WAITING];
static unsigned int n_waiting;

static const char *
level_name(uint32_t level)
{
	return level <= RTE_LOG_ERR ? "error" : level <= RTE_LOG_WARNING ? "warning" : "info";
}

// The length of the value at TEXT. A value in quotes ends with a quote before a space, and may contain others.
static size_t
value_len(const char *text)
{
	const char *end = text;

	if (*text != '"')
		return strcspn(text, " ");
	do
		end = strchr(end + 1, '"');
	while (end && end[1] && end[1] != ' ');
	return end ? (size_t)(end - text) + 1 : strlen(text);
}

// A line of the log, key=value key="value" ..., as an object of strings.
static json_t *
event_json(const struct weft_log_line *line)
{
	json_t *event = json_pack("{s:I, s:I, s:s}", "number", (json_int_t)line->number, "time", (json_int_t)line->us,
		"level", level_name(line->level));

	for (const char *p = line->text; *p;) {
		size_t key = strcspn(p, "= "), len;
		const char *value = p + key + 1;

		if (p[key] != '=')
			break;
		len = value_len(value);
		if (len > 1 && value[0] == '"' && value[len - 1] == '"')
			json_object_setn_new(event, p, key, json_stringn(value + 1, len - 2));
		else
			json_object_setn_new(event, p, key, json_stringn(value, len));
		p = value + len;
		p += strspn(p, " ");
	}
	return event;
}

static json_t *
run_id(void)
{
	return json_sprintf("%llx", (unsigned long long)weft_ctl.start_us);
}

// The events after AFTER; NULL if there are none.
static json_t *
collect(uint64_t after)
{
	struct weft_log_line line;
	json_t *events = NULL;
	bool lost = false;

	for (unsigned int n = 0; n < MAX_EVENTS && weft_log_next(after, &line); n++) {
		if (events == NULL) {
			events = json_array();
			lost = line.number != after + 1;
		}
		json_array_append_new(events, event_json(&line));
		after = line.number;
	}
	return events ? json_pack("{s:o, s:o, s:b}", "run", run_id(), "events", events, "lost", lost) : NULL;
}

// Answers CALL if there are events after AFTER, or NOW. Returns whether it did.
static bool
answer(struct weft_call *call, uint64_t after, bool now)
{
	json_t *result = call->calls ? collect(after) : NULL;

	if (result == NULL && call->calls && !now)
		return false;
	if (result == NULL)
		result = json_pack("{s:o, s:[], s:b}", "run", run_id(), "events", "lost", 0);
	weft_call_result(call, result);
	return true;
}

// Whether no further call of CALL's client may wait: one client must not take the others' places.
static bool
is_full(const struct weft_call *call)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_waiting; i++)
		n += waiting[i].call->calls == call->calls;
	return n_waiting == MAX_WAITING || n >= MAX_EACH;
}

void
weft_api_events(struct weft_call *call, const json_t *params)
{
	json_int_t timeout = json_integer_value(json_object_get(params, "timeout_ms"));
	json_int_t after = json_integer_value(json_object_get(params, "after"));
	json_t *now = run_id(), *run = json_object_get(params, "run");

	if (after < 0 || (run && !json_equal(run, now)))
		after = 0;
	json_decref(now);
	if (answer(call, after, is_full(call)))
		return;
	waiting[n_waiting].call = call;
	waiting[n_waiting].after = after;
	waiting[n_waiting++].left_ms = timeout > 0 && timeout <= MAX_MS ? timeout : DEFAULT_MS;
}

void
weft_events_tick(unsigned int ms)
{
	for (unsigned int i = 0; i < n_waiting;) {
		waiting[i].left_ms -= ms;
		if (answer(waiting[i].call, waiting[i].after, waiting[i].left_ms <= 0))
			waiting[i] = waiting[--n_waiting];
		else
			i++;
	}
}

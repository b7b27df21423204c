// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "acks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "weft/clock.h"

#include "control/change/history.h"
#include "control/cluster/etcd/messages.h"
#include "control/cluster/etcd/watch.h"
#include "util.h"

#define LOOK_MS 10000 // the watch ends this long after the last call of acks_look()
#define TICK_MS 20

struct waiter {
	struct waiter *next;
	uint64_t generation;
	uint64_t deadline; // ms, monotonic; 0: answered as soon as the states are known
	json_t *hosts;	   // concerned: an array of names, or "*"
	json_t *late;	   // set of concerned live hosts that have not applied the generation
	weft_json_cb cb;
	void *arg;
};

struct acks {
	struct weft_cluster *c;
	struct weft_watch *watch;
	json_t *states; // NULL: not known yet
	bool reading;
	uint64_t until; // ms, monotonic: when the watch ends
	struct waiter *waiters;
	struct event *tick;
	struct acks_listener listener;
};

static void changed(struct acks *acks);
static void answer_questions(struct acks *acks);

// Notes whether W has to wait for the host NAME, which has STATE; STATE NULL: it has lost its lease.
static void
update_late(struct waiter *w, const char *name, const json_t *state)
{
	if (state && publication_concerns(w->hosts, name) &&
		(uint64_t)json_integer_value(json_object_get(state, "applied")) < w->generation)
		json_object_set_new(w->late, name, json_true());
	else
		json_object_del(w->late, name);
}

static void
tell(struct acks *acks, const char *name, const json_t *state)
{
	for (struct waiter *w = acks->waiters; w; w = w->next)
		update_late(w, name, state);
	acks->listener.state(acks->listener.arg, name, state);
}

static void
update_all_late(struct acks *acks, struct waiter *w)
{
	const char *name;
	json_t *state;

	json_object_clear(w->late);
	json_object_foreach (acks->states, name, state)
		update_late(w, name, state);
}

// Returns the state in KV, of the host NAME: a new object. One that this host cannot have written is {bad: WHY}: it does
// not say that the host is away, or how far it is.
static json_t *
state_of(const json_t *kv, const char *name)
{
	json_t *state = weft_etcd_json(kv), *applied = json_object_get(state, "applied");
	const char *host = json_string_value(json_object_get(state, "host")), *why = NULL;

	if (!json_is_object(state))
		why = "it is not a JSON object";
	else if (host == NULL || strcmp(host, name) || !weft_name_valid(name))
		why = "it does not name its host";
	else if (!json_is_integer(applied) || json_integer_value(applied) < 0 ||
		 json_integer_value(applied) > WEFT_GENERATION_MAX)
		why = "applied: no host applies such a generation";
	else if (weft_etcd_int(kv, "lease") == 0)
		why = "it has no lease, so no host has written it";
	if (why == NULL)
		return state;
	json_decref(state);
	return json_pack("{s:b, s:s}", "bad", 1, "why", why);
}

static void
take_state(struct acks *acks, const json_t *kv, bool gone)
{
	char *key = weft_etcd_text(kv, "key"), *name = key ? strrchr(key, '/') : NULL;
	json_t *state = gone ? NULL : state_of(kv, name ? name + 1 : "");

	if (name && state)
		json_object_set(acks->states, name + 1, state);
	else if (name)
		json_object_del(acks->states, name + 1);
	if (name)
		tell(acks, name + 1, state);
	json_decref(state);
	free(key);
}

static void
forget(struct acks *acks)
{
	weft_watch_free(acks->watch);
	acks->watch = NULL;
	json_decref(acks->states);
	acks->states = NULL;
}

static void
on_events(void *arg, const json_t *events)
{
	struct acks *acks = arg;
	size_t i;
	json_t *event;

	if (events == NULL) {
		forget(acks);
		acks_look(acks);
		return;
	}
	json_array_foreach ((json_t *)(uintptr_t)events, i, event)
		take_state(acks, json_object_get(event, "kv"), json_object_get(event, "type") != NULL);
	changed(acks);
}

static void
on_states(void *arg, const json_t *reply, int code, const struct weft_error *err)
{
	struct acks *acks = arg;
	char key[KEY_MAX];
	size_t i;
	json_t *kv;

	(void)code;
	acks->reading = false;
	if (reply == NULL) {
		acks->c->trouble = *err;
		answer_questions(acks);
		return;
	}
	forget(acks);
	acks->states = json_object();
	json_array_foreach ((json_t *)(uintptr_t)weft_etcd_kvs(reply), i, kv)
		take_state(acks, kv, false);
	// Hosts that have gone since the last read are not in the reply, so that the loop has not seen them.
	for (struct waiter *w = acks->waiters; w; w = w->next)
		update_all_late(acks, w);
	acks->listener.state(acks->listener.arg, NULL, NULL);
	cluster_key(acks->c, key, "state/");
	acks->watch = weft_watch_new(acks->c->etcd, (const char *const[WEFT_WATCH_KEYS]){ key }, true,
		weft_etcd_revision(reply) + 1, acks->c->config->lease_s * 1000 / 3, on_events, acks);
	changed(acks);
}

void
acks_look(struct acks *acks)
{
	char key[KEY_MAX];

	acks->until = weft_clock_ms() + LOOK_MS;
	cluster_after(acks->tick, TICK_MS);
	if (acks->watch || acks->reading)
		return;
	acks->reading = true;
	cluster_key(acks->c, key, "state/");
	weft_etcd_call(acks->c->etcd, "kv/range", weft_etcd_range(key, true, false, 0), on_states, acks);
}

void
acks_listen(struct acks *acks, const struct acks_listener *listener)
{
	acks->listener = *listener;
}

const json_t *
acks_states(const struct acks *acks)
{
	return acks->states;
}

static json_t *
report_host(const struct weft_cluster *c, const char *name, const json_t *state, uint64_t generation, bool concerned)
{
	const char *why = json_string_value(json_object_get(state, "why"));
	json_int_t applied = json_integer_value(json_object_get(state, "applied"));
	const char *reason = json_string_value(json_object_get(state, "reason"));
	json_t *row = json_pack("{s:s, s:s, s:I, s:b}", "host", name, "state",
		state == NULL				      ? "fenced"
		: concerned && (uint64_t)applied < generation ? "late"
							      : "live",
		"applied", applied, "concerned", concerned);

	if (state == NULL)
		json_object_set_new(row, "note", json_string("has lost the cluster"));
	else if (why)
		json_object_set_new(row, "note",
			json_sprintf("its record is wrong: %s; type 'etcdctl del %s/state/%s', and restart weftd there",
				why, c->config->prefix, name));
	else if (reason)
		json_object_set_new(row, "note", json_string(reason));
	else if (!concerned)
		json_object_set_new(row, "note", json_string("not concerned"));
	return row;
}

// Returns the answer to W: how far its generation is on each host. A new object.
static json_t *
report(const struct acks *acks, const struct waiter *w)
{
	json_t *rows = json_array(), *late = json_array(), *fenced = json_array(), *state, *one;
	const char *name;
	size_t i;

	json_object_foreach (acks->states, name, state) {
		json_array_append_new(
			rows, report_host(acks->c, name, state, w->generation, publication_concerns(w->hosts, name)));
		if (json_object_get(w->late, name))
			json_array_append_new(late, json_string(name));
	}
	json_array_foreach (w->hosts, i, one) {
		if (!json_is_string(one) || json_object_get(acks->states, json_string_value(one)))
			continue;
		json_array_append(fenced, one);
		json_array_append_new(rows, report_host(acks->c, json_string_value(one), NULL, w->generation, true));
	}
	return json_pack("{s:I, s:s, s:o, s:o, s:o}", "generation", (json_int_t)w->generation, "state",
		json_object_size(w->late) ? "late" : "applied", "hosts", rows, "late_hosts", late, "fenced", fenced);
}

static void
answer(struct acks *acks, struct waiter *w)
{
	struct waiter **p = &acks->waiters;
	struct weft_error err;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	if (acks->states) {
		w->cb(w->arg, report(acks, w), json_object_size(w->late) && w->deadline, NULL);
	} else {
		weft_fail(&err, ETIMEDOUT, "the hosts' states cannot be read: %.400s", acks->c->trouble.text);
		w->cb(w->arg, NULL, false, &err);
	}
	json_decref(w->hosts);
	json_decref(w->late);
	free(w);
}

static void
changed(struct acks *acks)
{
	struct waiter *next;

	for (struct waiter *w = acks->waiters; w; w = next) {
		next = w->next;
		// A waiter without a deadline only asks for the present state.
		if (w->deadline == 0 || json_object_size(w->late) == 0)
			answer(acks, w);
	}
	acks->listener.changed(acks->listener.arg);
}

// The states cannot be read: answers the waiters that only ask for the present state.
static void
answer_questions(struct acks *acks)
{
	struct waiter *next;

	for (struct waiter *w = acks->waiters; w; w = next) {
		next = w->next;
		if (w->deadline == 0)
			answer(acks, w);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct acks *acks = arg;
	uint64_t now = weft_clock_ms();
	struct waiter *next;

	(void)fd, (void)what;
	for (struct waiter *w = acks->waiters; w; w = next) {
		next = w->next;
		if (w->deadline && now >= w->deadline)
			answer(acks, w);
	}
	if (acks->waiters)
		acks_look(acks);
	else if (acks->watch && now >= acks->until)
		forget(acks);
	if (acks->waiters || acks->watch)
		cluster_after(acks->tick, TICK_MS);
}

void
acks_wait(struct acks *acks, uint64_t generation, uint32_t timeout_ms, const json_t *hosts, weft_json_cb cb, void *arg)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct weft_error err;

	if (w == NULL) {
		weft_fail(&err, ENOMEM, "no memory to wait for a generation");
		cb(arg, NULL, false, &err);
		return;
	}
	*w = (struct waiter){ .next = acks->waiters, .generation = generation, .cb = cb, .arg = arg };
	w->hosts = json_incref((json_t *)(uintptr_t)hosts);
	w->late = json_object();
	w->deadline = timeout_ms ? weft_clock_ms() + timeout_ms : 0;
	acks->waiters = w;
	acks_look(acks);
	if (acks->states == NULL)
		return;
	update_all_late(acks, w);
	if (timeout_ms == 0 || json_object_size(w->late) == 0)
		answer(acks, w);
}

struct acks *
acks_new(struct weft_cluster *c)
{
	struct acks *acks = calloc(1, sizeof(*acks));

	if (acks == NULL)
		return NULL;
	acks->c = c;
	acks->tick = evtimer_new(c->base, on_tick, acks);
	if (acks->tick == NULL) {
		free(acks);
		return NULL;
	}
	return acks;
}

void
acks_free(struct acks *acks)
{
	if (acks == NULL)
		return;
	forget(acks);
	event_free(acks->tick);
	while (acks->waiters) {
		struct waiter *w = acks->waiters;

		acks->waiters = w->next;
		json_decref(w->hosts);
		json_decref(w->late);
		free(w);
	}
	free(acks);
}

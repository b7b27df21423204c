// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A watch is one long request in both directions. Each message is a line of JSON. The watch asks for progress now and
// then, so that a dead connection shows itself.
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_impl.h"
#include "messages.h"

#define MAX_LINE	 (64u << 20)
#define FIRST_BACKOFF_MS 50
#define LAST_BACKOFF_MS	 2000
#define SILENT_BEATS	 3 // heartbeats without a message after which the connection is dead

struct weft_watch {
	struct weft_transfer transfer; // first
	struct weft_etcd *etcd;
	struct {
		char *key;
		int64_t revision; // of the next event
	} keys[WEFT_WATCH_KEYS];
	bool prefix;
	uint32_t heartbeat_ms;
	uint32_t backoff_ms;
	weft_watch_cb cb;
	void *arg;
	struct curl_slist *headers;
	unsigned int endpoint;
	char *upload; // text that still has to be sent
	size_t sent;
	char *line;
	size_t len;
	unsigned int silent;   // heartbeats since the last message
	json_t *events;	       // that still have to be delivered
	bool compacted;	       // the next events are lost
	struct event *beat;    // heartbeat, or the next attempt
	struct event *deliver; // calls CB outside of curl's callbacks, so that it may free the watch
};

static void connect_watch(struct weft_watch *w);

static void
after(struct event *event, uint32_t ms)
{
	struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(event, &in);
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct weft_watch *w = arg;
	json_t *events = w->events;

	(void)fd, (void)what;
	w->events = json_array();
	if (w->compacted) {
		w->compacted = false;
		json_decref(events);
		w->cb(w->arg, NULL);
		return;
	}
	if (json_array_size(events))
		w->cb(w->arg, events);
	json_decref(events);
}

// Takes one message. Returns 0, or -1 to give the connection up.
static int
take_message(struct weft_watch *w, const char *line, size_t len)
{
	json_t *message = json_loadb(line, len, 0, NULL), *result = json_object_get(message, "result"), *events;
	int64_t id = weft_etcd_int(result, "watch_id") - 1;
	int ret = json_is_object(result) && etcd_check_cluster(w->etcd, json_object_get(result, "header")) ? 0 : -1;

	events = json_object_get(result, "events");
	if (ret == 0 && json_is_true(json_object_get(result, "canceled"))) {
		if (weft_etcd_int(result, "compact_revision")) {
			w->compacted = true;
			event_active(w->deliver, 0, 0);
		} else {
			// The token has expired; the next request gets another one.
			w->etcd->token[0] = 0;
		}
		ret = -1;
	} else if (ret == 0 && json_array_size(events) && id >= 0 && id < WEFT_WATCH_KEYS) {
		const json_t *last = json_array_get(events, json_array_size(events) - 1);

		w->backoff_ms = FIRST_BACKOFF_MS;
		json_array_extend(w->events, events);
		// The header has the store's revision, and events up to it may still come with the next message.
		w->keys[id].revision = weft_etcd_int(json_object_get(last, "kv"), "mod_revision") + 1;
		event_active(w->deliver, 0, 0);
	} else if (ret == 0 && json_is_true(json_object_get(result, "created"))) {
		w->backoff_ms = FIRST_BACKOFF_MS;
	}
	json_decref(message);
	return ret;
}

// Only what is new is searched for a line's end, and only what follows one is moved: a long line comes in thousands of pieces.
static size_t
take_data(char *data, size_t size, size_t n, void *arg)
{
	struct weft_watch *w = arg;
	size_t len = size * n, from = 0, next = w->len;
	char *more = w->len + len < MAX_LINE ? realloc(w->line, w->len + len) : NULL;

	if (more == NULL)
		return 0;
	w->line = more;
	memcpy(w->line + w->len, data, len);
	w->len += len;
	w->silent = 0;
	for (char *end; (end = memchr(w->line + next, '\n', w->len - next)) != NULL;) {
		size_t stop = end - w->line;

		if (stop > from && take_message(w, w->line + from, stop - from))
			return 0;
		from = next = stop + 1;
	}
	if (from)
		memmove(w->line, w->line + from, w->len - from);
	w->len -= from;
	return len;
}

static size_t
give_data(char *to, size_t size, size_t n, void *arg)
{
	struct weft_watch *w = arg;
	size_t left = w->upload ? strlen(w->upload + w->sent) : 0, len = left < size * n ? left : size * n;

	if (len == 0)
		return CURL_READFUNC_PAUSE;
	memcpy(to, w->upload + w->sent, len);
	w->sent += len;
	return len;
}

// Appends JSON to the text that still has to be sent. Takes JSON over.
static void
send_json(struct weft_watch *w, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT), *all = NULL;

	json_decref(json);
	if (text && asprintf(&all, "%s%s\n", w->upload ? w->upload + w->sent : "", text) > 0) {
		free(w->upload);
		w->upload = all;
		w->sent = 0;
	}
	free(text);
}

static void
disconnect(struct weft_watch *w)
{
	if (w->transfer.easy)
		curl_easy_cleanup(w->transfer.easy);
	curl_slist_free_all(w->headers);
	w->transfer.easy = NULL;
	w->headers = NULL;
	w->len = 0;
}

// Connects again after a while, to the next endpoint if there is one.
static void
reconnect(struct weft_watch *w)
{
	disconnect(w);
	etcd_rotate(w->etcd, w->endpoint);
	after(w->beat, w->backoff_ms + etcd_random(w->backoff_ms));
	w->backoff_ms = w->backoff_ms * 2 < LAST_BACKOFF_MS ? w->backoff_ms * 2 : LAST_BACKOFF_MS;
}

static void
ended(struct weft_transfer *transfer, CURLcode result)
{
	(void)result;
	reconnect((struct weft_watch *)transfer);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct weft_watch *w = arg;

	(void)fd, (void)what;
	if (w->transfer.easy == NULL) {
		connect_watch(w);
		return;
	}
	if (++w->silent > SILENT_BEATS) {
		weft_http_remove(w->etcd->http, &w->transfer);
		reconnect(w);
		return;
	}
	if (w->upload == NULL || w->upload[w->sent] == 0) {
		send_json(w, json_pack("{s:{}}", "progress_request"));
		curl_easy_pause(w->transfer.easy, CURLPAUSE_CONT);
	}
	after(w->beat, w->heartbeat_ms);
}

static void
connect_watch(struct weft_watch *w)
{
	CURL *easy;

	free(w->upload);
	w->upload = NULL;
	for (unsigned int i = 0; i < WEFT_WATCH_KEYS && w->keys[i].key; i++) {
		json_t *create = weft_etcd_range(w->keys[i].key, w->prefix, false, 0);

		json_object_set_new(create, "start_revision", json_sprintf("%lld", (long long)w->keys[i].revision));
		json_object_set_new(create, "watch_id", json_sprintf("%u", i + 1));
		send_json(w, json_pack("{s:o}", "create_request", create));
	}
	easy = w->upload ? etcd_handle(w->etcd, "watch", &w->headers) : NULL;
	w->transfer.easy = easy;
	w->transfer.done = ended;
	w->endpoint = w->etcd->endpoint;
	w->silent = 0;
	if (easy == NULL) {
		reconnect(w);
		return;
	}
	w->headers = curl_slist_append(w->headers, "Transfer-Encoding: chunked");
	// Without this header the gateway (Go's HTTP/1.1 server) answers only after the whole request has arrived.
	w->headers = curl_slist_append(w->headers, "Expect: 100-continue");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, w->headers);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_data);
	curl_easy_setopt(easy, CURLOPT_READDATA, w);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_data);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, w);
	// The watch keeps a connection of its own.
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (weft_http_add(w->etcd->http, &w->transfer))
		reconnect(w);
	else
		after(w->beat, w->heartbeat_ms);
}

struct weft_watch *
weft_watch_new(struct weft_etcd *etcd, const char *const keys[WEFT_WATCH_KEYS], bool prefix, int64_t revision,
	uint32_t heartbeat_ms, weft_watch_cb cb, void *arg)
{
	struct weft_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->etcd = etcd;
	for (unsigned int i = 0; i < WEFT_WATCH_KEYS && keys[i]; i++) {
		w->keys[i].key = strdup(keys[i]);
		w->keys[i].revision = revision;
	}
	w->prefix = prefix;
	w->heartbeat_ms = heartbeat_ms;
	w->backoff_ms = FIRST_BACKOFF_MS;
	w->cb = cb;
	w->arg = arg;
	w->events = json_array();
	w->beat = evtimer_new(etcd->base, on_beat, w);
	w->deliver = event_new(etcd->base, -1, 0, on_deliver, w);
	if (w->keys[0].key && w->events && w->beat && w->deliver) {
		connect_watch(w);
		return w;
	}
	weft_watch_free(w);
	return NULL;
}

void
weft_watch_free(struct weft_watch *w)
{
	if (w == NULL)
		return;
	if (w->transfer.easy)
		weft_http_remove(w->etcd->http, &w->transfer);
	disconnect(w);
	if (w->beat)
		event_free(w->beat);
	if (w->deliver)
		event_free(w->deliver);
	json_decref(w->events);
	free(w->upload);
	free(w->line);
	for (unsigned int i = 0; i < WEFT_WATCH_KEYS; i++)
		free(w->keys[i].key);
	free(w);
}

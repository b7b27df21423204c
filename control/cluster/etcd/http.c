// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// curl says which sockets and which time to wait for; libevent waits.
#include "http.h"

#include <stdlib.h>

struct weft_http {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
};

static void
collect(struct weft_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		CURLcode result = message->data.result;
		struct weft_transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		curl_multi_remove_handle(http->multi, transfer->easy);
		transfer->done(transfer, result);
	}
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct weft_http *http = arg;
	int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0), running;

	curl_multi_socket_action(http->multi, fd, flags, &running);
	collect(http);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct weft_http *http = arg;
	int running;

	(void)fd, (void)what;
	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(http);
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct weft_http *http = arg;
	struct event *event = socket_arg;
	short events = EV_PERSIST;

	(void)easy;
	if (event) {
		event_free(event);
		curl_multi_assign(http->multi, fd, NULL);
	}
	if (what == CURL_POLL_REMOVE)
		return 0;
	events |= what & CURL_POLL_IN ? EV_READ : 0;
	events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
	event = event_new(http->base, fd, events, on_socket, http);
	event_add(event, NULL);
	curl_multi_assign(http->multi, fd, event);
	return 0;
}

static int
want_timer(CURLM *multi, long ms, void *arg)
{
	struct weft_http *http = arg;
	struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		evtimer_del(http->timer);
	else
		evtimer_add(http->timer, &in);
	return 0;
}

struct weft_http *
weft_http_new(struct event_base *base)
{
	struct weft_http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->base = base;
	http->multi = curl_multi_init();
	http->timer = evtimer_new(base, on_timer, http);
	if (http->multi && http->timer) {
		curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
		curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
		curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, want_timer);
		curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
		return http;
	}
	weft_http_free(http);
	return NULL;
}

void
weft_http_free(struct weft_http *http)
{
	if (http == NULL)
		return;
	if (http->multi)
		curl_multi_cleanup(http->multi);
	if (http->timer)
		event_free(http->timer);
	free(http);
}

int
weft_http_add(struct weft_http *http, struct weft_transfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
	return curl_multi_add_handle(http->multi, transfer->easy) ? -1 : 0;
}

void
weft_http_remove(struct weft_http *http, struct weft_transfer *transfer)
{
	curl_multi_remove_handle(http->multi, transfer->easy);
}

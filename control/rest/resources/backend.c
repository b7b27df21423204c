// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "control/rest/http/problem.h"

#define AGAIN_MS 200

// Error codes of weftd's JSON-RPC.
#define FORBIDDEN -32001
#define CONFLICT  -32002
#define MISSING	  -32003

struct pending {
	struct pending *next;
	json_int_t id;
	struct request *request; // NULL: the call is weft-rest's own
	backend_cb then;
};

static struct {
	struct event_base *base;
	struct sockaddr_un address;
	struct bufferevent *bev;
	struct event *again;
	struct pending *pending;
	json_int_t last_id;
	json_t *kinds;
} backend;

const json_t *
backend_kinds(void)
{
	return backend.kinds;
}

// Sends a call whose reply PENDING, which is taken over, waits for. False: there is no memory.
static bool
send_call(const char *method, json_t *params, struct pending *pending)
{
	json_t *call = json_pack(
		"{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", ++backend.last_id, "method", method, "params", params);
	char *text;

	if (pending->request)
		json_object_set(call, "as", pending->request->as);
	text = json_dumps(call, JSON_COMPACT);
	json_decref(call);
	if (text == NULL) {
		free(pending);
		return false;
	}
	pending->id = backend.last_id;
	pending->next = backend.pending;
	backend.pending = pending;
	bufferevent_write(backend.bev, text, strlen(text));
	bufferevent_write(backend.bev, "\n", 1);
	free(text);
	return true;
}

void
backend_refuse(struct request *request)
{
	weft_problem(request, 503, "weft-rest cannot reach weftd; 'systemctl status weftd' shows why");
}

bool
backend_call(struct request *request, const char *method, json_t *params, backend_cb then)
{
	struct pending *pending = backend.bev && params ? malloc(sizeof(*pending)) : NULL;

	if (pending == NULL) {
		json_decref(params);
		if (request)
			backend_refuse(request);
		return false;
	}
	*pending = (struct pending){ .request = request, .then = then };
	if (send_call(method, params, pending))
		return true;
	if (request)
		weft_problem(request, 500, "weft-rest has no memory left");
	return false;
}

static void
take_kinds(struct request *request, json_t *kinds)
{
	(void)request;
	if (kinds == NULL)
		return;
	json_decref(backend.kinds);
	backend.kinds = kinds;
}

static void
refuse(struct request *request, const json_t *error)
{
	const char *why = json_string_value(json_object_get(error, "message"));
	json_int_t code = json_integer_value(json_object_get(error, "code"));

	weft_problem(request,
		code == FORBIDDEN  ? 403
		: code == CONFLICT ? 412
		: code == MISSING  ? 404
				   : 422,
		"%s", why ? why : "weftd gives no reason");
}

static void
take_reply(const json_t *reply)
{
	json_int_t id = json_integer_value(json_object_get(reply, "id"));
	json_t *result = json_object_get(reply, "result");
	struct pending **p = &backend.pending, *pending;

	while (*p && (*p)->id != id)
		p = &(*p)->next;
	pending = *p;
	if (pending == NULL)
		return;
	*p = pending->next;
	if (result || pending->request == NULL) {
		pending->then(pending->request, json_incref(result));
	} else {
		refuse(pending->request, json_object_get(reply, "error"));
	}
	free(pending);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	char *line;
	size_t len;

	(void)arg;
	while (backend.bev == bev && (line = evbuffer_readln(bufferevent_get_input(bev), &len, EVBUFFER_EOL_LF))) {
		json_t *reply = json_loadb(line, len, 0, NULL);

		free(line);
		take_reply(reply);
		json_decref(reply);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct timeval in = { .tv_usec = AGAIN_MS * 1000 };
	struct pending *list = backend.pending, *next;

	(void)arg;
	if (what & BEV_EVENT_CONNECTED)
		return;
	bufferevent_free(bev);
	backend.bev = NULL;
	backend.pending = NULL;
	for (; list; list = next) {
		next = list->next;
		if (list->request)
			weft_problem(list->request, 503,
				"the connection to weftd broke; weft-rest does not know whether weftd did this");
		else
			list->then(NULL, NULL);
		free(list);
	}
	evtimer_add(backend.again, &in);
}

static void
connect_to(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	backend.bev = bufferevent_socket_new(backend.base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (backend.bev == NULL)
		return;
	bufferevent_setcb(backend.bev, on_read, NULL, on_event, NULL);
	bufferevent_enable(backend.bev, EV_READ | EV_WRITE);
	backend_call(NULL, "schema", json_object(), take_kinds);
	// Some failures call on_event() within this call, others only return an error.
	if (bufferevent_socket_connect(backend.bev, (struct sockaddr *)&backend.address, sizeof(backend.address)) &&
		backend.bev)
		on_event(backend.bev, BEV_EVENT_ERROR, NULL);
}

int
weft_backend_start(struct event_base *base, const char *socket)
{
	if (strlen(socket) >= sizeof(backend.address.sun_path)) {
		fprintf(stderr, "weft-rest: weftd: %s: the path is longer than a UNIX socket's may be\n", socket);
		return -1;
	}
	backend.base = base;
	backend.address.sun_family = AF_UNIX;
	strcpy(backend.address.sun_path, socket);
	backend.again = evtimer_new(base, connect_to, NULL);
	if (backend.again == NULL)
		return -1;
	connect_to(-1, 0, NULL);
	return 0;
}

void
weft_backend_stop(void)
{
	if (backend.bev)
		bufferevent_free(backend.bev);
	while (backend.pending) {
		struct pending *next = backend.pending->next;

		free(backend.pending);
		backend.pending = next;
	}
	event_free(backend.again);
	json_decref(backend.kinds);
}

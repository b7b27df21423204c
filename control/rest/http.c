// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// HTTP by libmicrohttpd, on the loop: a request is collected, its connection suspended, and resumed with its answer.
#include "rest.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#define MAX_CONNECTIONS 128
#define IDLE_S		30

struct http {
	struct MHD_Daemon *daemon;
	struct event *ready, *timer, *start;
	struct request *begun; // complete, and not yet looked at
	unsigned int n;	       // not yet answered
};

static struct http *the_http;

// Lets libmicrohttpd do what is due, and wakes it up when the next thing is.
static void
run(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	MHD_UNSIGNED_LONG_LONG ms;
	struct timeval in;

	(void)fd, (void)what;
	MHD_run(http->daemon);
	if (MHD_get_timeout(http->daemon, &ms) != MHD_YES) {
		evtimer_del(http->timer);
		return;
	}
	in = (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	evtimer_add(http->timer, &in);
}

static enum MHD_Result
add_query(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct request *r = arg;

	r->bad_text = json_object_set_new(r->query, name, json_string(value ? value : "")) || r->bad_text;
	return MHD_YES;
}

static void
copy_header(struct MHD_Connection *connection, const char *name, char *to, size_t size)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	if (value && strlen(value) < size)
		strcpy(to, value);
	else if (value)
		strcpy(to, "?"); // matches nothing
}

static struct request *
new_request(struct MHD_Connection *connection, const char *path, const char *method)
{
	struct request *r = calloc(1, sizeof(*r));
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");

	if (r == NULL)
		return NULL;
	r->connection = connection;
	// Of an answer to HEAD only the head is sent.
	r->method = strdup(strcmp(method, "HEAD") ? method : "GET");
	r->path = strdup(path);
	r->query = json_object();
	r->json = type && (strncmp(type, "application/json", 16) == 0 ||
				  strncmp(type, "application/merge-patch+json", 28) == 0);
	copy_header(connection, "If-Match", r->if_match, sizeof(r->if_match));
	copy_header(connection, "If-None-Match", r->if_none_match, sizeof(r->if_none_match));
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query, r);
	return r;
}

static void
free_request(struct request *r)
{
	free(r->method);
	free(r->path);
	free(r->body);
	free(r->text);
	json_decref(r->query);
	json_decref(r->gathered);
	json_decref(r->kind);
	json_decref(r->answer);
	free(r);
}

static void
collect(struct request *r, const char *data, size_t len)
{
	char *more = r->too_large || r->body_len + len > MAX_BODY ? NULL : realloc(r->body, r->body_len + len);

	if (more == NULL) {
		r->too_large = true;
		return;
	}
	memcpy(more + r->body_len, data, len);
	r->body = more;
	r->body_len += len;
}

static enum MHD_Result
send_answer(struct request *r)
{
	char *text = r->answer ? json_dumps(r->answer, JSON_COMPACT) : r->text ? r->text : strdup("");
	struct MHD_Response *response =
		text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE) : NULL;
	enum MHD_Result ret;

	if (r->text == text)
		r->text = NULL;
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	if (r->answer)
		r->type = r->problem ? "application/problem+json" : "application/json";
	if (r->type)
		MHD_add_response_header(response, "Content-Type", r->type);
	if (r->etag[0])
		MHD_add_response_header(response, "ETag", r->etag);
	if (r->location[0])
		MHD_add_response_header(response, "Location", r->location);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	ret = MHD_queue_response(r->connection, (unsigned int)r->status, response);
	MHD_destroy_response(response);
	return ret;
}

void
http_answer(struct request *r, int status, json_t *answer)
{
	the_http->n--;
	r->over = true;
	r->status = status;
	r->answer = answer;
	if (r->gone) {
		free_request(r);
		return;
	}
	MHD_resume_connection(r->connection);
	event_active(the_http->ready, 0, 0);
}

// Outside of libmicrohttpd's calls, since an answer goes back into it.
static void
start_begun(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	(void)fd, (void)what;
	while (http->begun) {
		struct request *r = http->begun;

		http->begun = r->next;
		if (r->too_large)
			problem(r, 413, "the body is longer than %u bytes", MAX_BODY);
		else
			route(r);
	}
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
	const char *data, size_t *len, void **state)
{
	struct http *http = arg;
	struct request *r = *state;

	(void)version;
	if (r == NULL) {
		*state = new_request(connection, path, method);
		return *state ? MHD_YES : MHD_NO;
	}
	if (*len) {
		collect(r, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (r->over)
		return send_answer(r);
	r->begun = true;
	r->next = http->begun;
	http->begun = r;
	http->n++;
	MHD_suspend_connection(connection);
	event_active(http->start, 0, 0);
	return MHD_YES;
}

static void
on_completed(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct request *r = *state;

	(void)arg, (void)connection, (void)code;
	if (r && (r->over || !r->begun))
		free_request(r);
	else if (r)
		r->gone = true;
	*state = NULL;
}

struct http *
http_new(struct event_base *base, int fd)
{
	struct http *http = calloc(1, sizeof(*http));
	const union MHD_DaemonInfo *info;

	if (http == NULL)
		return NULL;
	the_http = http;
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_END);
	info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	http->ready = info ? event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, run, http) : NULL;
	http->timer = evtimer_new(base, run, http);
	http->start = evtimer_new(base, start_begun, http);
	if (!http->ready || !http->timer || !http->start) {
		http_free(http);
		return NULL;
	}
	event_add(http->ready, NULL);
	return http;
}

// A daemon with suspended connections cannot be stopped: the process ends without.
void
http_free(struct http *http)
{
	if (http->ready)
		event_free(http->ready);
	if (http->timer)
		event_free(http->timer);
	if (http->start)
		event_free(http->start);
	if (http->daemon && http->n == 0)
		MHD_stop_daemon(http->daemon);
	free(http);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// HTTP by libmicrohttpd, on the loop: a request is collected, its connection suspended, and resumed with its answer.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "weft/clock.h"

#include "conn.h"
#include "guard.h"
#include "peers.h"
#include "tls.h"

#define SILENCE_S	60
#define CONNECTION_SIZE (16u << 10) // of a connection's buffers, which must take a request's head
#define PRIORITIES	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static size_t bodies; // bytes of all bodies that are kept

struct server {
	struct event_base *base;
	struct MHD_Daemon *daemon;
	struct event *ready, *timer, *start;
	struct request *begun; // complete, and not yet looked at
	unsigned int n_suspended;
	bool local, tls;
};

// Lets libmicrohttpd do what is due, and wakes it up when the next thing is.
static void
run(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	MHD_UNSIGNED_LONG_LONG ms;
	struct timeval in;

	(void)fd, (void)what;
	MHD_run(server->daemon);
	if (MHD_get_timeout(server->daemon, &ms) != MHD_YES) {
		evtimer_del(server->timer);
		return;
	}
	in = (struct timeval){ .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
	evtimer_add(server->timer, &in);
}

void
server_suspend(struct server *server, struct MHD_Connection *connection)
{
	server->n_suspended++;
	MHD_suspend_connection(connection);
}

void
server_resume(struct server *server, struct MHD_Connection *connection)
{
	server->n_suspended--;
	MHD_resume_connection(connection);
	event_active(server->ready, 0, 0);
}

bool
server_is_local(const struct server *server)
{
	return server->local;
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
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	if (r == NULL || info == NULL || info->socket_context == NULL) {
		free(r);
		return NULL;
	}
	r->connection = connection;
	r->conn = info->socket_context;
	r->server = r->conn->server;
	// Of an answer to HEAD only the head is sent.
	r->method = strdup(strcmp(method, "HEAD") ? method : "GET");
	r->path = strdup(path);
	r->query = json_object();
	r->json = type && (strncmp(type, "application/json", 16) == 0 ||
				  strncmp(type, "application/merge-patch+json", 28) == 0);
	copy_header(connection, "If-Match", r->if_match, sizeof(r->if_match));
	copy_header(connection, "If-None-Match", r->if_none_match, sizeof(r->if_none_match));
	copy_header(connection, "Last-Event-ID", r->last_event, sizeof(r->last_event));
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query, r);
	recognize(r);
	return r;
}

static void
free_request(struct request *r)
{
	if (r->response)
		MHD_destroy_response(r->response);
	free(r->method);
	free(r->path);
	bodies -= r->body_len;
	free(r->body);
	json_decref(r->query);
	json_decref(r->as);
	json_decref(r->kind);
	json_decref(r->answer);
	if (r->gathering)
		r->free_gathering(r->gathering);
	free(r);
}

static void
collect(struct request *r, const char *data, size_t len)
{
	size_t most = r->as ? MAX_BODY : 0; // nobody's is not kept
	char *more = NULL;

	r->crowded = r->crowded || bodies + len > MAX_BODIES;
	if (!r->too_large && !r->crowded && r->body_len + len <= most)
		more = realloc(r->body, r->body_len + len);
	if (more == NULL) {
		r->too_large = true;
		return;
	}
	bodies += len;
	memcpy(more + r->body_len, data, len);
	r->body = more;
	r->body_len += len;
}

// The answer's body as what libmicrohttpd sends; NULL: there is no memory.
static struct MHD_Response *
body_of(struct request *r)
{
	char *text = r->answer ? json_dumps(r->answer, JSON_COMPACT) : strdup("");
	struct MHD_Response *response =
		text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE) : NULL;

	if (response == NULL)
		free(text);
	else if (r->answer)
		MHD_add_response_header(
			response, "Content-Type", r->problem ? "application/problem+json" : "application/json");
	return response;
}

static enum MHD_Result
send_answer(struct request *r)
{
	struct server *server = r->server;
	char seconds[16];

	if (r->response == NULL)
		r->response = body_of(r);
	if (r->response == NULL)
		return MHD_NO;
	if (r->etag[0])
		MHD_add_response_header(r->response, "ETag", r->etag);
	if (r->location[0])
		MHD_add_response_header(r->response, "Location", r->location);
	if (r->status == 401)
		MHD_add_response_header(r->response, "WWW-Authenticate", "Bearer realm=\"weft\"");
	if (r->retry_s) {
		snprintf(seconds, sizeof(seconds), "%u", r->retry_s);
		MHD_add_response_header(r->response, "Retry-After", seconds);
	}
	guard_headers(r->response, server->tls);
	if (r->conn->state != CONN_FOLLOWING)
		conn_state(r->conn, CONN_ANSWERING);
	return MHD_queue_response(r->connection, (unsigned int)r->status, r->response);
}

static void
finish(struct request *r, int status)
{
	r->over = true;
	r->status = status;
	if (r->gone) {
		free_request(r);
		return;
	}
	server_resume(r->server, r->connection);
}

void
http_answer(struct request *r, int status, json_t *answer)
{
	r->answer = answer;
	finish(r, status);
}

void
http_respond(struct request *r, const char *type, struct MHD_Response *response)
{
	MHD_add_response_header(response, "Content-Type", type);
	r->response = response;
	finish(r, 200);
}

static void
start(struct server *server, struct request *r)
{
	unsigned int wait_s = r->gone ? 0 : peer_take(peer_of(r->conn->peer, weft_clock_ms()), weft_clock_ms());

	if (r->gone) {
		http_answer(r, 499, NULL);
	} else if (wait_s) {
		r->retry_s = wait_s;
		problem(r, 429, "there are too many requests from %s; come again in %u s", r->conn->address, wait_s);
	} else if (guard_passes(r, server->local) && !page_route(r) && identify(r, server->base)) {
		if (r->crowded) {
			r->retry_s = 1;
			problem(r, 503, "too many bodies are on their way; come again in a second");
		} else if (r->too_large) {
			problem(r, 413, "the body is longer than %u bytes", MAX_BODY);
		} else {
			route(r);
		}
	}
}

// Outside of libmicrohttpd's calls, since an answer goes back into it.
static void
start_begun(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd, (void)what;
	while (server->begun) {
		struct request *r = server->begun;

		server->begun = r->next;
		start(server, r);
	}
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
	const char *data, size_t *len, void **state)
{
	struct server *server = arg;
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
	r->next = server->begun;
	server->begun = r;
	conn_state(r->conn, CONN_WAITING);
	server_suspend(server, connection);
	event_active(server->start, 0, 0);
	return MHD_YES;
}

static void
on_completed(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct request *r = *state;

	(void)arg, (void)connection, (void)code;
	if (r && r->conn)
		conn_state(r->conn, CONN_READING);
	if (r && (r->over || !r->begun))
		free_request(r);
	else if (r)
		r->gone = true;
	*state = NULL;
}

static void
on_connection(void *arg, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = conn_new(arg, connection);
	} else {
		conn_free(*context);
		*context = NULL;
	}
}

static struct MHD_Daemon *
start_daemon(struct server *server, const struct config *config, int fd)
{
	struct MHD_OptionItem secure[] = { { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_certificate },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES },
		{ tls_client_ca() ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
			(void *)(uintptr_t)tls_client_ca() },
		{ MHD_OPTION_END, 0, NULL } };
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (server->tls ? MHD_USE_TLS : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, config->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		server->local ? 0 : config->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_SIZE, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_ARRAY,
		server->tls ? secure : none, MHD_OPTION_END);
}

struct server *
server_new(struct event_base *base, const struct config *config, int fd, bool local, bool tls)
{
	struct server *server = calloc(1, sizeof(*server));
	const union MHD_DaemonInfo *info;

	if (server == NULL)
		return NULL;
	server->base = base;
	server->local = local;
	server->tls = tls;
	server->daemon = start_daemon(server, config, fd);
	info = server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	server->ready = info ? event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, run, server) : NULL;
	server->timer = evtimer_new(base, run, server);
	server->start = evtimer_new(base, start_begun, server);
	if (!server->ready || !server->timer || !server->start) {
		server_free(server);
		return NULL;
	}
	event_add(server->ready, NULL);
	return server;
}

// A daemon with suspended connections cannot be stopped: the process ends without.
void
server_free(struct server *server)
{
	if (server->ready)
		event_free(server->ready);
	if (server->timer)
		event_free(server->timer);
	if (server->start)
		event_free(server->start);
	if (server->daemon && server->n_suspended == 0)
		MHD_stop_daemon(server->daemon);
	free(server);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "http.h"

#include <stdlib.h>

#include <microhttpd.h>

#include "answer.h"
#include "conn.h"
#include "tls.h"

#define SILENCE_S	60	    // an open connection without a request is closed after that
#define CONNECTION_SIZE (16u << 10) // bytes of a connection's buffers; a request's head must fit
#define PRIORITIES	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

// Runs outside of libmicrohttpd's calls, because an answer calls libmicrohttpd again.
static void
on_completed_requests(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd, (void)what;
	while (server->begun) {
		struct request *r = server->begun;

		server->begun = r->next;
		if (r->gone)
			weft_answer_json(r, 499, NULL);
		else
			server->hooks->complete(r);
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
		*state = request_new(connection, path, method);
		if (*state)
			server->hooks->recognise(*state);
		return *state ? MHD_YES : MHD_NO;
	}
	if (*len) {
		request_collect(r, data, *len);
		*len = 0;
		return MHD_YES;
	}
	if (r->over)
		return (enum MHD_Result)answer_send(r);
	r->begun = true;
	r->next = server->begun;
	server->begun = r;
	weft_conn_set_state(r->conn, CONN_WAITING);
	weft_server_suspend(server, connection);
	event_active(server->completed, 0, 0);
	return MHD_YES;
}

static void
on_completed(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	struct request *r = *state;

	(void)arg, (void)connection, (void)code;
	if (r && r->conn)
		weft_conn_set_state(r->conn, CONN_READING);
	if (r && (r->over || !r->begun))
		request_free(r);
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
start_daemon(struct server *server, const struct http_options *options, int fd)
{
	struct MHD_OptionItem secure[] = { { MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
						   (void *)(uintptr_t)weft_tls_certificate },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES },
		{ weft_tls_client_ca() ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
			(void *)(uintptr_t)weft_tls_client_ca() },
		{ MHD_OPTION_END, 0, NULL } };
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (server->tls ? MHD_USE_TLS : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, options->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		server->local ? 0 : options->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_SIZE, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_ARRAY,
		server->tls ? secure : none, MHD_OPTION_END);
}

struct server *
weft_http_start(struct event_base *base, const struct http_options *options, int fd)
{
	struct server *server = calloc(1, sizeof(*server));
	const union MHD_DaemonInfo *info;

	if (server == NULL)
		return NULL;
	server->base = base;
	server->local = options->local;
	server->tls = options->tls;
	server->hooks = options->hooks;
	server->daemon = start_daemon(server, options, fd);
	info = server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	server->ready = info ? event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, server_run, server) : NULL;
	server->timer = evtimer_new(base, server_run, server);
	server->completed = evtimer_new(base, on_completed_requests, server);
	if (!server->ready || !server->timer || !server->completed) {
		weft_http_stop(server);
		return NULL;
	}
	event_add(server->ready, NULL);
	return server;
}

void
weft_http_stop(struct server *server)
{
	if (server == NULL)
		return;
	if (server->ready)
		event_free(server->ready);
	if (server->timer)
		event_free(server->timer);
	if (server->completed)
		event_free(server->completed);
	// libmicrohttpd cannot stop while connections are suspended; then the end of the process closes them.
	if (server->daemon && server->n_suspended == 0)
		MHD_stop_daemon(server->daemon);
	free(server);
}

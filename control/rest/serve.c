// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "control/rest/auth/access.h"
#include "control/rest/auth/identity.h"
#include "control/rest/http/conn.h"
#include "control/rest/http/guard.h"
#include "control/rest/http/http.h"
#include "control/rest/http/limiter.h"
#include "control/rest/http/listen.h"
#include "control/rest/http/page.h"
#include "control/rest/http/problem.h"
#include "control/rest/http/tls.h"
#include "control/rest/resources/backend.h"
#include "control/rest/resources/events.h"
#include "control/rest/resources/routes.h"
#include "weft/clock.h"

// The order matters: a client that is over its limit costs nothing more, and the page's files need no token.
static void
complete(struct request *r)
{
	unsigned int wait_s = weft_limiter_take(r->conn->peer, weft_clock_ms());

	if (wait_s) {
		r->retry_s = wait_s;
		weft_problem(r, 429, "%s sends too many requests; try again in %u s", r->conn->address, wait_s);
		return;
	}
	if (!weft_guard_check(r) || weft_page_answer(r) || !weft_identity_require(r))
		return;
	if (r->crowded) {
		r->retry_s = 1;
		weft_problem(r, 503, "weft-rest holds too many bodies of requests; try again in a second");
	} else if (r->too_large) {
		weft_problem(r, 413, "the body is longer than %u bytes", MAX_BODY);
	} else {
		weft_routes_answer(r);
	}
}

static const struct http_hooks hooks = { .recognise = weft_identity_recognise, .complete = complete };

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	sd_notify(0, "WATCHDOG=1");
}

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	weft_conn_sweep();
	weft_access_refresh();
	weft_tls_refresh();
}

// Runs the loop until a signal ends it.
static void
run(struct event_base *base)
{
	const struct timeval second = { .tv_sec = 1 };
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base),
		     *intr = evsignal_new(base, SIGINT, on_signal, base),
		     *each_second = event_new(base, -1, EV_PERSIST, on_second, NULL),
		     *watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
	uint64_t us = 0;

	event_add(term, NULL);
	event_add(intr, NULL);
	event_add(each_second, &second);
	if (sd_watchdog_enabled(0, &us) > 0) {
		const struct timeval each = { .tv_sec = (time_t)(us / 2 / 1000000),
			.tv_usec = (suseconds_t)(us / 2 % 1000000) };

		event_add(watchdog, &each);
	}
	sd_notify(0, "READY=1");
	event_base_dispatch(base);
	event_free(term);
	event_free(intr);
	event_free(each_second);
	event_free(watchdog);
}

// Opens the sockets that CONFIG names and serves them. False: cannot, and the reason is printed.
static bool
start_servers(struct event_base *base, const struct config *config, struct server **local, struct server **tcp)
{
	struct http_options options = { .hooks = &hooks,
		.connections = config->connections,
		.connections_per_address = config->connections_per_address };
	bool tls = config->certificate[0] != 0;
	int local_fd = -1, tcp_fd = -1;

	if (config->socket[0] && (local_fd = weft_listen_unix(config->socket)) < 0)
		return false;
	if (config->listen[0] && (tcp_fd = weft_listen_tcp(config->listen, tls)) < 0)
		return false;
	options.local = true;
	if (local_fd >= 0)
		*local = weft_http_start(base, &options, local_fd);
	options.local = false;
	options.tls = tls;
	if (tcp_fd >= 0)
		*tcp = weft_http_start(base, &options, tcp_fd);
	if ((local_fd < 0 || *local) && (tcp_fd < 0 || *tcp))
		return true;
	fprintf(stderr, "weft-rest: libmicrohttpd does not start\n");
	return false;
}

int
serve(const struct config *config)
{
	const struct tls_files files = { config->certificate, config->key, config->client_ca };
	struct event_base *base = event_base_new();
	struct server *local = NULL, *tcp = NULL;
	bool tls = config->certificate[0] != 0;

	if (base == NULL || (config->access[0] && weft_access_load(config->access)) || (tls && weft_tls_load(&files)))
		return 1;
	weft_limiter_set(config->requests_per_s);
	weft_conn_limit(config->request_s);
	if (!start_servers(base, config, &local, &tcp) || weft_backend_start(base, config->weftd) ||
		weft_events_start(base, config->event_clients))
		return 1;
	fprintf(stderr, "event=serves socket=%s listen=%s tls=%s weftd=%s\n", config->socket, config->listen,
		tls ? "yes" : "no", config->weftd);
	run(base);
	weft_backend_stop();
	weft_http_stop(local);
	weft_http_stop(tcp);
	weft_events_stop();
	event_base_free(base);
	weft_tls_free();
	weft_access_free();
	if (config->socket[0])
		unlink(config->socket);
	return 0;
}

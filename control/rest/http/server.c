// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "server.h"

#include <microhttpd.h>

void
server_run(evutil_socket_t fd, short what, void *arg)
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
weft_server_suspend(struct server *server, struct MHD_Connection *connection)
{
	server->n_suspended++;
	MHD_suspend_connection(connection);
}

void
weft_server_resume(struct server *server, struct MHD_Connection *connection)
{
	server->n_suspended--;
	MHD_resume_connection(connection);
	event_active(server->ready, 0, 0);
}

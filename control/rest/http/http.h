// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// HTTP by libmicrohttpd on the event loop. A request is collected, its connection is suspended, and it is resumed with
// the answer.
#pragma once

#include "server.h"

struct http_options {
	bool local, tls; // see struct server
	unsigned int connections;
	unsigned int connections_per_address; // over TCP
	const struct http_hooks *hooks;	      // must outlive the server
};

// Serves FD, a listening socket, on BASE. NULL: libmicrohttpd does not start.
struct server *weft_http_start(struct event_base *base, const struct http_options *options, int fd);
// NULL is fine.
void weft_http_stop(struct server *server);

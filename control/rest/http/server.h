// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One listening socket with libmicrohttpd's daemon, on the event loop. One thread runs all of it; nothing blocks.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

struct MHD_Connection;
struct MHD_Daemon;
struct request;

// Two hooks that the program sets: before and after a request's body.
struct http_hooks {
	// The head has arrived: sets REQUEST->as if the head identifies the client. Only then the body is kept.
	void (*recognise)(struct request *request);
	// The whole request has arrived: answers it, now or later.
	void (*complete)(struct request *request);
};

struct server {
	struct event_base *base;
	struct MHD_Daemon *daemon;
	struct event *ready, *timer; // run the daemon: its descriptors are ready, or its time has come
	struct event *completed;     // calls the hook for the requests in `begun`
	struct request *begun;	     // have arrived wholly
	const struct http_hooks *hooks;
	unsigned int n_suspended;
	bool local; // a UNIX socket, whose file's mode says who may connect; else TCP
	bool tls;
};

// Lets the daemon do what is due, and sets the timer for what is due next. An event's callback; ARG is the server.
void server_run(evutil_socket_t fd, short what, void *arg);

// Takes CONNECTION out of the daemon's care until weft_server_resume().
void weft_server_suspend(struct server *server, struct MHD_Connection *connection);
void weft_server_resume(struct server *server, struct MHD_Connection *connection);

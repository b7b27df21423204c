// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections: who is at the other end, and how long a request has been on its way. One that takes too long is closed,
// however slowly its bytes come: what libmicrohttpd measures is silence only.
#pragma once

#include "request.h"

enum conn_state {
	CONN_READING,	// a request is awaited, or on its way
	CONN_WAITING,	// it is answered later
	CONN_ANSWERING, // its answer is on its way
	CONN_FOLLOWING, // its answer has no end
};

struct conn {
	struct conn *next, **link;
	struct server *server;
	int fd;
	char address[48]; // for people
	char peer[48];	  // what counts as one address
	enum conn_state state;
	uint64_t since_ms;
	int certified;	// 1: its certificate was verified, 0: it has shown none, -1: WHY, -2: not yet looked at
	time_t expires; // that certificate
	char common_name[64];
	char why[200];
};

// Takes SECONDS for a request to arrive, and twice that for its answer to be taken.
int conns_start(struct event_base *base, unsigned int seconds);
void conns_stop(void);

struct conn *conn_new(struct server *server, struct MHD_Connection *connection);
void conn_free(struct conn *conn);
void conn_state(struct conn *conn, enum conn_state state);

// Ends the connection's life soon: libmicrohttpd finds it closed.
void conn_close(struct conn *conn);

// who.c: whose request it is, in its AS, as soon as its head is there; NULL: nobody's that is known.
void recognize(struct request *request);
// The same when it is complete. False: the request is ended, or will be.
bool identify(struct request *request, struct event_base *base);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Connections: who is at the other end, and for how long the current request has been on its way. A connection whose
// request takes too long is closed, however steadily its bytes come; libmicrohttpd itself measures silence only.
#pragma once

#include <stdint.h>
#include <time.h>

struct MHD_Connection;
struct server;

enum conn_state {
	CONN_READING,	// waits for a request, or reads one
	CONN_WAITING,	// its request waits for the answer
	CONN_ANSWERING, // sends an answer
	CONN_FOLLOWING, // sends an answer that has no end
};

enum conn_certificate {
	CONN_UNCHECKED,
	CONN_WITHOUT,
	CONN_VERIFIED, // see `common_name` and `expires`
	CONN_REFUSED,  // see `why`
};

struct conn {
	struct conn *next, **link;
	struct server *server;
	int fd;
	char address[48]; // of the client, for people
	char peer[48];	  // what limits count by: the IPv4 address, or the /64 of the IPv6 address
	enum conn_state state;
	uint64_t since_ms; // of `state`

	// The client's certificate.
	enum conn_certificate certificate;
	time_t expires;
	char common_name[64];
	char why[200];
};

// In http.c: a connection of SERVER begins and ends. NULL: there is no memory.
struct conn *conn_new(struct server *server, struct MHD_Connection *connection);
void conn_free(struct conn *conn);

void weft_conn_set_state(struct conn *conn, enum conn_state state);

// Shuts the socket down; libmicrohttpd notices and ends the connection.
void weft_conn_close(struct conn *conn);

// Gives a request SECONDS to arrive, and its answer twice as long to be taken.
void weft_conn_limit(unsigned int seconds);
// Closes connections that are over that limit. To be called about once a second.
void weft_conn_sweep(void);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "conn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "server.h"
#include "weft/clock.h"

static struct conn *conns;
static uint64_t limit_ms;

void
weft_conn_limit(unsigned int seconds)
{
	limit_ms = (uint64_t)seconds * 1000;
}

void
weft_conn_sweep(void)
{
	uint64_t now = weft_clock_ms();

	for (struct conn *conn = conns; conn; conn = conn->next)
		if ((conn->state == CONN_READING && now - conn->since_ms > limit_ms) ||
			(conn->state == CONN_ANSWERING && now - conn->since_ms > 2 * limit_ms))
			weft_conn_close(conn);
}

static void
name_peer(struct conn *conn, const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
	const uint8_t *a;

	if (address && address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, conn->address, sizeof(conn->address));
	} else if (address && address->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, conn->address, sizeof(conn->address));
		a = v6->sin6_addr.s6_addr;
		// A client that has one address of a /64 usually has all of them.
		if (!IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
			snprintf(conn->peer, sizeof(conn->peer), "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", a[0], a[1],
				a[2], a[3], a[4], a[5], a[6], a[7]);
			return;
		}
	} else {
		strcpy(conn->address, "local");
	}
	strcpy(conn->peer, conn->address);
}

struct conn *
conn_new(struct server *server, struct MHD_Connection *connection)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	const union MHD_ConnectionInfo *info;

	if (conn == NULL)
		return NULL;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	conn->server = server;
	conn->fd = info ? info->connect_fd : -1;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	name_peer(conn, info && !server->local ? info->client_addr : NULL);
	weft_conn_set_state(conn, CONN_READING);
	conn->next = conns;
	conn->link = &conns;
	if (conns)
		conns->link = &conn->next;
	conns = conn;
	return conn;
}

void
conn_free(struct conn *conn)
{
	if (conn == NULL)
		return;
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	free(conn);
}

void
weft_conn_set_state(struct conn *conn, enum conn_state state)
{
	conn->state = state;
	conn->since_ms = weft_clock_ms();
}

void
weft_conn_close(struct conn *conn)
{
	shutdown(conn->fd, SHUT_RDWR);
}

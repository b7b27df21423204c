// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "access.h"
#include "control/rest/http/conn.h"
#include "control/rest/http/limiter.h"
#include "control/rest/http/problem.h"
#include "control/rest/http/server.h"
#include "control/rest/http/tls.h"
#include "weft/clock.h"
#include "weft/user.h"

// An answer 401 that waits for its time.
struct refusal {
	struct event *event;
	struct request *request;
	char why[300];
};

static void
refuse_now(evutil_socket_t fd, short what, void *arg)
{
	struct refusal *refusal = arg;

	(void)fd, (void)what;
	weft_problem(refusal->request, 401, "%s", refusal->why);
	event_free(refusal->event);
	free(refusal);
}

static void
refuse(struct request *r, const char *what, const char *why)
{
	unsigned int ms = weft_limiter_fail(r->conn->peer, weft_clock_ms());
	struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct refusal *refusal = calloc(1, sizeof(*refusal));

	fprintf(stderr, "event=login-failed from=%s with=%s why=\"%s\" wait_ms=%u\n", r->conn->address, what, why, ms);
	if (refusal)
		refusal->event = evtimer_new(r->server->base, refuse_now, refusal);
	if (refusal == NULL || refusal->event == NULL) {
		free(refusal);
		weft_problem(r, 401, "the %s %s", what, why);
		return;
	}
	refusal->request = r;
	snprintf(refusal->why, sizeof(refusal->why), "the %s %s", what, why);
	evtimer_add(refusal->event, &in);
}

// The user at the other end of the UNIX socket.
static json_t *
local_user(const struct conn *conn)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char user[WEFT_USER_SIZE];

	if (getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return NULL;
	weft_user_name(cred.uid, user);
	return json_pack("{s:s, s:s}", "name", user, "role", "admin");
}

// Verifies the client's certificate at the connection's first request, and later only whether it has expired.
static enum conn_certificate
verify(struct request *r)
{
	const union MHD_ConnectionInfo *info;
	struct conn *conn = r->conn;
	int ret = 0;

	if (conn->certificate == CONN_VERIFIED && conn->expires <= weft_clock_wall_s()) {
		conn->certificate = CONN_REFUSED;
		snprintf(conn->why, sizeof(conn->why), "has expired");
	}
	if (conn->certificate != CONN_UNCHECKED)
		return conn->certificate;
	info = weft_tls_client_ca() ? MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;
	if (info && info->tls_session)
		ret = weft_tls_client(info->tls_session, conn->common_name, &conn->expires, conn->why);
	conn->certificate = ret > 0 ? CONN_VERIFIED : ret < 0 ? CONN_REFUSED : CONN_WITHOUT;
	return conn->certificate;
}

// Returns a new reference to the client's identity, from the request's headers and its connection. NULL: unknown; WRONG
// and WHAT say why. WHAT is the proof that the client showed, NULL if it showed none; WRONG is the trouble with it.
static json_t *
owner(struct request *r, const char **what, const char **wrong)
{
	const char *header = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Authorization");
	enum conn_certificate shown;

	*what = *wrong = NULL;
	if (r->server->local)
		return local_user(r->conn);
	if (header) {
		*what = "token";
		*wrong = "is not sent as 'Authorization: Bearer TOKEN'";
		if (strncasecmp(header, "Bearer ", 7))
			return NULL;
		return weft_access_by_token(header + 7 + strspn(header + 7, " "), wrong);
	}
	shown = verify(r);
	if (shown != CONN_WITHOUT)
		*what = "certificate";
	*wrong = r->conn->why;
	return shown == CONN_VERIFIED ? weft_access_by_certificate(r->conn->common_name, wrong) : NULL;
}

void
weft_identity_recognise(struct request *r)
{
	const char *what, *wrong;

	r->as = owner(r, &what, &wrong);
}

bool
weft_identity_require(struct request *r)
{
	const char *what, *wrong;

	if (r->as)
		return true;
	// The access file may have changed since the head arrived.
	r->as = owner(r, &what, &wrong);
	if (r->as)
		return true;
	if (what)
		refuse(r, what, wrong);
	else
		weft_problem(r, 401, "send a token: 'Authorization: Bearer TOKEN'; 'weft-rest token add' makes one");
	return false;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who asks: at the UNIX socket a user of this host, else the owner of a token (RFC 6750) or of a certificate. Who
// cannot say so waits for the answer, the longer the more often it happens.
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "weft/clock.h"

#include "access.h"
#include "control/rest/http/conn.h"
#include "control/rest/http/peers.h"
#include "control/rest/http/tls.h"

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
	problem(refusal->request, 401, "%s", refusal->why);
	event_free(refusal->event);
	free(refusal);
}

static void
refuse(struct request *r, struct event_base *base, const char *who, const char *why)
{
	unsigned int ms = peer_failed(peer_of(r->conn->peer, weft_clock_ms()), weft_clock_ms());
	struct timeval in = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct refusal *refusal = calloc(1, sizeof(*refusal));

	fprintf(stderr, "event=login-failed from=%s with=%s why=\"%s\" wait_ms=%u\n", r->conn->address, who, why, ms);
	if (refusal)
		refusal->event = evtimer_new(base, refuse_now, refusal);
	if (refusal == NULL || refusal->event == NULL) {
		free(refusal);
		problem(r, 401, "%s", why);
		return;
	}
	refusal->request = r;
	snprintf(refusal->why, sizeof(refusal->why), "the %s %s", who, why);
	evtimer_add(refusal->event, &in);
}

// Who may open the UNIX socket may do everything.
static json_t *
local_user(const struct conn *conn)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	const struct passwd *user;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return NULL;
	user = getpwuid(cred.uid);
	return user ? json_pack("{s:s, s:s}", "name", user->pw_name, "role", "admin")
		    : json_pack("{s:o, s:s}", "name", json_sprintf("uid %u", cred.uid), "role", "admin");
}

// The certificate that the connection began with is verified once, and again when its time is over.
static int
certified(struct request *r)
{
	const union MHD_ConnectionInfo *info;
	struct conn *conn = r->conn;

	if (conn->certified == 1 && conn->expires <= time(NULL)) {
		conn->certified = -1;
		snprintf(conn->why, sizeof(conn->why), "has expired");
	}
	if (conn->certified != -2)
		return conn->certified;
	info = tls_client_ca() ? MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;
	conn->certified = info && info->tls_session
				  ? tls_client(info->tls_session, conn->common_name, &conn->expires, conn->why)
				  : 0;
	return conn->certified;
}

// Whose request it is, by its head alone; else what is WRONG with WHAT was shown, which is NULL where nothing was.
static json_t *
owner(struct request *r, const char **what, const char **wrong)
{
	const char *header = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Authorization");
	int shown;

	*what = *wrong = NULL;
	if (server_is_local(r->server))
		return local_user(r->conn);
	if (header) {
		*what = "token";
		*wrong = "is not sent as 'Authorization: Bearer TOKEN'";
		if (strncasecmp(header, "Bearer ", 7))
			return NULL;
		return access_by_token(header + 7 + strspn(header + 7, " "), wrong);
	}
	shown = certified(r);
	if (shown)
		*what = "certificate";
	*wrong = r->conn->why;
	return shown == 1 ? access_by_certificate(r->conn->common_name, wrong) : NULL;
}

void
recognize(struct request *r)
{
	const char *what, *wrong;

	r->as = owner(r, &what, &wrong);
}

bool
identify(struct request *r, struct event_base *base)
{
	const char *what, *wrong;

	if (r->as)
		return true;
	r->as = owner(r, &what, &wrong);
	if (r->as)
		return true;
	if (what)
		refuse(r, base, what, wrong);
	else
		problem(r, 401, "say who you are: 'Authorization: Bearer TOKEN'; 'weft-rest token add' makes one");
	return false;
}

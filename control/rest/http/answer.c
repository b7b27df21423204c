// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "conn.h"
#include "server.h"

// The answer's body as libmicrohttpd takes it. NULL: there is no memory.
static struct MHD_Response *
body_of(const struct request *r)
{
	char *text = r->answer ? json_dumps(r->answer, JSON_COMPACT) : strdup("");
	struct MHD_Response *response =
		text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE) : NULL;

	if (response == NULL)
		free(text);
	else if (r->answer)
		MHD_add_response_header(
			response, "Content-Type", r->problem ? "application/problem+json" : "application/json");
	return response;
}

// Headers that keep browsers from storing answers, and other sites' pages from using them.
static void
add_guards(struct MHD_Response *response, bool tls)
{
	if (MHD_get_response_header(response, "Cache-Control") == NULL)
		MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	if (tls)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
}

int
answer_send(struct request *r)
{
	char seconds[16];

	if (r->response == NULL)
		r->response = body_of(r);
	if (r->response == NULL)
		return MHD_NO;
	if (r->etag[0])
		MHD_add_response_header(r->response, "ETag", r->etag);
	if (r->location[0])
		MHD_add_response_header(r->response, "Location", r->location);
	if (r->status == 401)
		MHD_add_response_header(r->response, "WWW-Authenticate", "Bearer realm=\"weft\"");
	if (r->retry_s) {
		snprintf(seconds, sizeof(seconds), "%u", r->retry_s);
		MHD_add_response_header(r->response, "Retry-After", seconds);
	}
	add_guards(r->response, r->server->tls);
	if (r->conn->state != CONN_FOLLOWING)
		weft_conn_set_state(r->conn, CONN_ANSWERING);
	return (int)MHD_queue_response(r->connection, (unsigned int)r->status, r->response);
}

static void
finish(struct request *r, int status)
{
	r->over = true;
	r->status = status;
	if (r->gone)
		request_free(r);
	else
		weft_server_resume(r->server, r->connection);
}

void
weft_answer_json(struct request *r, int status, json_t *answer)
{
	r->answer = answer;
	finish(r, status);
}

void
weft_answer_response(struct request *r, const char *type, struct MHD_Response *response)
{
	MHD_add_response_header(response, "Content-Type", type);
	r->response = response;
	finish(r, 200);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "request.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "conn.h"

#define MAX_BODIES (64u << 20) // bytes of all requests' bodies together

static size_t bodies; // bytes of all bodies that are kept

static enum MHD_Result
add_query(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct request *r = arg;

	(void)kind;
	r->bad_text = json_object_set_new(r->query, name, json_string(value ? value : "")) || r->bad_text;
	return MHD_YES;
}

static void
copy_header(struct MHD_Connection *connection, const char *name, char *to, size_t size)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	if (value && strlen(value) < size)
		strcpy(to, value);
	else if (value)
		strcpy(to, "?"); // matches nothing
}

struct request *
request_new(struct MHD_Connection *connection, const char *path, const char *method)
{
	struct request *r = calloc(1, sizeof(*r));
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	if (r == NULL || info == NULL || info->socket_context == NULL) {
		free(r);
		return NULL;
	}
	r->connection = connection;
	r->conn = info->socket_context;
	r->server = r->conn->server;
	// libmicrohttpd sends only the head of an answer to HEAD.
	r->method = strdup(strcmp(method, "HEAD") ? method : "GET");
	r->path = strdup(path);
	r->query = json_object();
	r->json = type && (strncmp(type, "application/json", 16) == 0 ||
				  strncmp(type, "application/merge-patch+json", 28) == 0);
	copy_header(connection, "If-Match", r->if_match, sizeof(r->if_match));
	copy_header(connection, "If-None-Match", r->if_none_match, sizeof(r->if_none_match));
	copy_header(connection, "Last-Event-ID", r->last_event, sizeof(r->last_event));
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query, r);
	return r;
}

void
request_free(struct request *r)
{
	if (r->response)
		MHD_destroy_response(r->response);
	free(r->method);
	free(r->path);
	bodies -= r->body_len;
	free(r->body);
	json_decref(r->query);
	json_decref(r->as);
	json_decref(r->answer);
	if (r->own)
		r->free_own(r->own);
	free(r);
}

void
request_collect(struct request *r, const char *data, size_t len)
{
	size_t most = r->as ? MAX_BODY : 0;
	char *more = NULL;

	r->crowded = r->crowded || bodies + len > MAX_BODIES;
	if (!r->too_large && !r->crowded && r->body_len + len <= most)
		more = realloc(r->body, r->body_len + len);
	if (more == NULL) {
		r->too_large = true;
		return;
	}
	bodies += len;
	memcpy(more + r->body_len, data, len);
	r->body = more;
	r->body_len += len;
}

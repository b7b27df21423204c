// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft-rest: HTTP in front of weftd's socket, a process of its own. One thread, one loop; nothing blocks.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>
#include <jansson.h>

#define MAX_BODY  (8u << 20)
#define MAX_PARTS 8

// A request, from its first line until it is answered. Its parts point into PATH.
struct request {
	struct request *next;
	struct MHD_Connection *connection;
	char *method;
	char *path; // decoded; its slashes are zeros
	char *part[MAX_PARTS];
	unsigned int n_parts;
	char *body;
	size_t body_len;
	bool too_large;
	json_t *query; // {name: text}
	char if_match[64], if_none_match[64];
	bool json;     // the body says that it is JSON
	bool bad_text; // something in its address is no UTF-8
	bool begun;    // its route has been called,
	bool over;     // it is answered,
	bool gone;     // its client has gone meanwhile

	// What a route keeps between its calls to weftd.
	json_t *kind;  // of the object that it is about
	char key[256]; // of that
	bool created;

	json_t *gathered; // what weftd has said so far

	int status;
	json_t *answer; // NULL: no body, or
	char *text;	// this, of TYPE
	const char *type;
	bool problem;
	char etag[64];
	char location[300];
};

// http.c
struct http;
struct http *http_new(struct event_base *base, int fd);
void http_free(struct http *http);
// Ends REQUEST, which must not be used after this; ANSWER, which is taken over, is its body.
void http_answer(struct request *request, int status, json_t *answer);

// problem.c: ends REQUEST with a problem document (RFC 9457). DETAIL may begin with the path of a field.
void problem(struct request *request, int status, const char *detail, ...) __attribute__((format(printf, 3, 4)));

// backend.c: weftd.
typedef void (*backend_cb)(struct request *request, json_t *result); // RESULT is the callee's
int backend_start(struct event_base *base, const char *socket);
void backend_stop(void);
// Calls METHOD with PARAMS, which it takes over; then THEN, or what weftd refuses ends the request.
void backend_call(struct request *request, const char *method, json_t *params, backend_cb then);
// The kinds of objects that weftd knows, by name: their schemas; NULL: it has not been reached yet.
const json_t *backend_kinds(void);

// routes.c: finds who answers REQUEST, and calls it.
void route(struct request *request);
const char *query_text(const struct request *request, const char *name); // NULL: is not there
bool query_true(const struct request *request, const char *name);
// The body as JSON: a new object, or NULL, and the request is ended.
json_t *body_object(struct request *request);

// objects.c: objects, by kind and name. Whether REQUEST is about one, or a list of them; then it is answered.
bool object_route(struct request *request);

// metrics.c: /metrics.
void metrics(struct request *request);

// openapi.c: what there is, as an OpenAPI 3.1 document; a new object.
json_t *openapi(void);

// A route that is not about objects.
struct fixed_route {
	const char *method;
	const char *path; // below /v1/; a part in braces is a parameter
	const char *summary;
	const char *query; // names of its parameters, with blanks between
	bool body;
	const char *call;		      // weftd's method, whose result is the answer
	void (*run)(struct request *request); // or who does more than that
};
extern const struct fixed_route fixed_routes[]; // METHOD NULL: the end

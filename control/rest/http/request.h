// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A request, from its first line until it is answered.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define MAX_BODY  (8u << 20) // bytes of one request's body
#define MAX_PARTS 8

struct MHD_Connection;
struct MHD_Response;
struct route;

struct request {
	struct request *next; // in the list of requests that have arrived and wait for their turn
	struct MHD_Connection *connection;
	struct server *server;
	struct conn *conn;     // lives longer than the request, except where `gone` is set
	char *method;	       // GET for HEAD too
	char *path;	       // decoded; weft_routes_answer() replaces its slashes by zeros
	char *part[MAX_PARTS]; // point into `path`
	unsigned int n_parts;
	char *body; // not terminated
	size_t body_len;
	bool too_large; // the body was not kept: it is longer than MAX_BODY, or nobody known sent it
	bool crowded;	// the body was not kept: all bodies together would be too large
	json_t *query;	// {name: text}
	char if_match[64], if_none_match[64], last_event[64]; // headers; empty: not sent
	bool json;					      // the body's media type is JSON
	bool bad_text;					      // a parameter of the query is not valid UTF-8
	bool begun;					      // it has arrived wholly
	bool over;					      // it has its answer
	bool gone;					      // its client closed the connection before the answer

	json_t *as; // who asks, as weftd takes it: {name, role, tenants}; without tenants: for all. NULL: nobody known

	// Kept by the function that answers, between its calls to weftd.
	const struct route *route; // NULL: the request is about an object
	void *own;
	void (*free_own)(void *own);

	int status;
	json_t *answer;		       // the body, or
	struct MHD_Response *response; // the whole answer; both NULL: there is no body
	bool problem;		       // the body is a problem document
	char etag[64];
	char location[300];
	unsigned int retry_s; // Retry-After; 0: not sent
};

// Makes a request from its head. NULL: there is no memory.
struct request *request_new(struct MHD_Connection *connection, const char *path, const char *method);
// Frees it with what it owns, answered or not.
void request_free(struct request *request);

// Appends LEN bytes of the body, or sets `too_large` or `crowded`.
void request_collect(struct request *request, const char *data, size_t len);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft-rest: HTTP in front of weftd's socket, a process of its own. One thread, one loop; nothing blocks.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <jansson.h>

#include "control/rest/config.h"

#define MAX_BODY   (8u << 20)
#define MAX_BODIES (64u << 20) // of all requests that are on their way
#define MAX_PARTS  8

struct MHD_Connection;
struct MHD_Response;

// A request, from its first line until it is answered. Its parts point into PATH.
struct request {
	struct request *next;
	struct MHD_Connection *connection;
	struct server *server;
	struct conn *conn; // gone with it
	char *method;
	char *path; // decoded; its slashes are zeros
	char *part[MAX_PARTS];
	unsigned int n_parts;
	char *body;
	size_t body_len;
	bool too_large, crowded; // so that it was not kept
	json_t *query;		 // {name: text}
	char if_match[64], if_none_match[64], last_event[64];
	bool json;     // the body says that it is JSON
	bool bad_text; // something in its address is no UTF-8
	bool begun;    // its route has been called,
	bool over;     // it is answered,
	bool gone;     // its client has gone meanwhile

	json_t *as; // who asks: {name, role, tenants}, as weftd takes it; without tenants: of all

	// What a route keeps between its calls to weftd.
	const struct fixed_route *route;
	json_t *kind;  // of the object that it is about
	char key[256]; // of that
	bool created;
	void *gathering; // what weftd has said so far, and who frees it
	void (*free_gathering)(void *gathering);

	int status;
	json_t *answer; // NULL: no body, or
	struct MHD_Response *response;
	bool problem;
	char etag[64];
	char location[300];
	unsigned int retry_s; // when to come again; 0: not said
};

// http.c
struct server;
// Serves FD: LOCAL, a UNIX socket, whose file's mode says who may connect; or TCP, with TLS or without. NULL: cannot.
struct server *server_new(struct event_base *base, const struct config *config, int fd, bool local, bool tls);
void server_free(struct server *server);
bool server_is_local(const struct server *server);
// A connection waits, until it goes on.
void server_suspend(struct server *server, struct MHD_Connection *connection);
void server_resume(struct server *server, struct MHD_Connection *connection);
// Ends REQUEST, which must not be used after this; ANSWER, which is taken over, is its body.
void http_answer(struct request *request, int status, json_t *answer);
// Likewise, with a body of another TYPE: RESPONSE is taken over.
void http_respond(struct request *request, const char *type, struct MHD_Response *response);

// problem.c: ends REQUEST with a problem document (RFC 9457). DETAIL may begin with the path of a field.
void problem(struct request *request, int status, const char *detail, ...) __attribute__((format(printf, 3, 4)));

// backend.c: weftd.
typedef void (*backend_cb)(struct request *request, json_t *result); // RESULT is the callee's
int backend_start(struct event_base *base, const char *socket);
void backend_stop(void);
// Calls METHOD with PARAMS, which it takes over; then THEN, or what weftd refuses ends the request. Without a request
// THEN gets NULL where it is refused or weftd has gone; false, and nothing else: it is not there.
bool backend_call(struct request *request, const char *method, json_t *params, backend_cb then);
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

// state.c: what weftd reports, and what it does besides writing the policy.
void get_generation(struct request *r);
void get_changes(struct request *r);
void post_apply(struct request *r);
void post_undo(struct request *r);
void get_where(struct request *r);
void get_ports(struct request *r);
void get_port_state(struct request *r);
void get_network_state(struct request *r);
void get_function(struct request *r);
void post_function(struct request *r);
void delete_function(struct request *r);
void get_group_state(struct request *r);
void get_query(struct request *r);
void get_drops(struct request *r);
void get_sessions(struct request *r);
void kill_sessions(struct request *r);
void post_retire(struct request *r);
void post_explain(struct request *r);

// metrics.c: /metrics.
void metrics(struct request *request);

// events.c: what happens, as Server-Sent Events (WHATWG HTML, 9.2). All clients follow one call of weftd's.
int events_start(struct event_base *base, const struct config *config);
void events_stop(void);
void get_events(struct request *request);

// page.c: the web page. Whether PATH is one of its files; then REQUEST is answered.
bool page_route(struct request *request);

// openapi.c: what there is, as an OpenAPI 3.1 document; a new object.
json_t *openapi(void);

// Who may see a route's answer, of those who have some tenants only.
enum view {
	VIEW_ALL,   // everybody
	VIEW_PATH,  // whose tenant is in the path
	VIEW_OWN,   // everybody, of the answer what is their tenants': see view.c
	VIEW_WHOLE, // nobody: it is about the whole host
};

// A route that is not about objects.
struct fixed_route {
	const char *method;
	const char *path; // below /v1/; a part in braces is a parameter
	const char *summary;
	const char *query; // names of its parameters, with blanks between
	enum view view;
	bool body;
	const char *call;		      // weftd's method, whose result is the answer
	void (*run)(struct request *request); // or who does more than that
};
extern const struct fixed_route fixed_routes[]; // METHOD NULL: the end

// view.c: what tenants see.
bool may_see(const struct request *request, const char *tenant);
bool sees_all(const struct request *request);
// Whether REQUEST may use its route at all; else it is ended.
bool may_use(struct request *request);
// RESULT without what is not the tenants' of who asks; it is taken over.
json_t *own_part(const struct request *request, json_t *result);

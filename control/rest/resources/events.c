// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One call of weftd's method "events" after the other fills the ring of events; each client has a position in it. A client
// that falls behind by the whole ring is disconnected.
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "backend.h"
#include "control/rest/http/answer.h"
#include "control/rest/http/conn.h"
#include "control/rest/http/params.h"
#include "control/rest/http/problem.h"
#include "control/rest/http/server.h"
#include "event_ring.h"
#include "route.h"
#include "view.h"

#define BLOCK	  2048 // bytes of text that libmicrohttpd asks for at once
#define PING_S	  15
#define WAIT_MS	  20000 // for which weftd waits for an event
#define GATHER_MS 20	// events that come this fast one after the other are taken together
#define AGAIN_MS  500	// after a failure

static const char ping[] = ": still here\n\n";

struct client {
	struct client *next, **link;
	struct MHD_Connection *connection;
	struct conn *conn;
	json_t *as;
	uint64_t at;	// the next entry
	size_t offset;	// bytes of its text that were sent
	size_t pinging; // bytes of the ping's text that are still to be sent
	bool suspended;
};

static struct {
	struct event *again, *ping;
	struct client *clients;
	unsigned int n_clients, most;
} events;

static void ask(evutil_socket_t fd, short what, void *arg);

static void
resume(struct client *client)
{
	if (!client->suspended)
		return;
	client->suspended = false;
	weft_server_resume(client->conn->server, client->connection);
}

static void
drop(struct client *client)
{
	fprintf(stderr, "event=client-dropped name=\"%s\" from=%s why=slow events=%llu\n",
		json_string_value(json_object_get(client->as, "name")), client->conn->address,
		(unsigned long long)(event_ring_count() - client->at));
	weft_conn_close(client->conn);
}

static void
on_events(struct request *request, json_t *result)
{
	struct timeval in = { .tv_usec = AGAIN_MS * 1000 };
	uint64_t n;
	struct client *next;

	(void)request;
	if (result == NULL) {
		evtimer_add(events.again, &in);
		return;
	}
	event_ring_take(result);
	n = event_ring_count();
	json_decref(result);
	for (struct client *client = events.clients; client; client = next) {
		next = client->next;
		if (n - client->at > EVENT_RING_SIZE)
			drop(client);
		else if (client->at < n)
			resume(client);
	}
	in.tv_usec = GATHER_MS * 1000;
	evtimer_add(events.again, &in);
}

static void
ask(evutil_socket_t fd, short what, void *arg)
{
	struct timeval in = { .tv_usec = AGAIN_MS * 1000 };
	json_t *params = event_ring_params();

	(void)fd, (void)what, (void)arg;
	json_object_set_new(params, "timeout_ms", json_integer(WAIT_MS));
	if (!backend_call(NULL, "events", params, on_events))
		evtimer_add(events.again, &in);
}

// Shows which clients have gone, and keeps what is between them and weft-rest from closing silent connections.
static void
on_ping(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	for (struct client *client = events.clients; client; client = client->next) {
		if (client->pinging == 0 && client->offset == 0)
			client->pinging = sizeof(ping) - 1;
		resume(client);
	}
}

static bool
is_for(const struct client *client, const struct event_entry *entry)
{
	return entry->text && (entry->tenant[0] == '*' || (entry->tenant[0] ? view_sees(client->as, entry->tenant)
									    : view_sees_all(client->as)));
}

// Copies as much of TEXT, from *LEFT_FROM on, as there is ROOM for.
static size_t
take(const char *text, size_t *left_from, char *to, size_t room)
{
	size_t len = strlen(text + *left_from);

	len = len < room ? len : room;
	memcpy(to, text + *left_from, len);
	*left_from += len;
	return len;
}

// Fills BUF with what is to be sent to a client; where that is nothing, suspends its connection.
static ssize_t
read_events(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct client *client = arg;
	size_t n = 0;

	(void)pos;
	if (event_ring_count() - client->at > EVENT_RING_SIZE)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (client->pinging) {
		size_t from = sizeof(ping) - 1 - client->pinging;

		n = take(ping, &from, buf, max);
		client->pinging -= n;
	}
	while (client->at < event_ring_count() && n < max && client->pinging == 0) {
		const struct event_entry *entry = event_ring_at(client->at);

		if (is_for(client, entry)) {
			n += take(entry->text, &client->offset, buf + n, max - n);
			if (entry->text[client->offset])
				break;
		}
		client->offset = 0;
		client->at++;
	}
	if (n == 0) {
		client->suspended = true;
		weft_server_suspend(client->conn->server, client->connection);
	}
	return (ssize_t)n;
}

static void
free_client(void *arg)
{
	struct client *client = arg;

	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	events.n_clients--;
	json_decref(client->as);
	free(client);
}

static void
get_events(struct request *r)
{
	const char *since = r->last_event[0] ? r->last_event : weft_params_text(r, "since");
	struct client *client = events.n_clients < events.most ? calloc(1, sizeof(*client)) : NULL;
	struct MHD_Response *response;

	if (client == NULL) {
		r->retry_s = PING_S;
		weft_problem(r, 503, "%u clients follow events already, and that is the most", events.n_clients);
		return;
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_events, client, free_client);
	if (response == NULL) {
		free(client);
		weft_problem(r, 500, "weft-rest has no memory left");
		return;
	}
	client->connection = r->connection;
	client->conn = r->conn;
	client->as = json_incref(r->as);
	client->at = event_ring_after(since);
	client->pinging = sizeof(ping) - 1;
	client->next = events.clients;
	client->link = &events.clients;
	if (client->next)
		client->next->link = &client->next;
	events.clients = client;
	events.n_clients++;
	weft_conn_set_state(r->conn, CONN_FOLLOWING);
	weft_answer_response(r, "text/event-stream", response);
}

const struct route event_routes[] = {
	{ "GET", "events", "what happens, as Server-Sent Events; Last-Event-ID or since resume", .query = "since",
		.headers = "Last-Event-ID", .type = "text/event-stream", .view = VIEW_OWN, .run = get_events },
	{ 0 },
};

int
weft_events_start(struct event_base *base, unsigned int most)
{
	const struct timeval each = { .tv_sec = PING_S }, soon = { 0 };

	events.most = most;
	events.again = evtimer_new(base, ask, NULL);
	events.ping = event_new(base, -1, EV_PERSIST, on_ping, NULL);
	if (!events.again || !events.ping || event_add(events.ping, &each) || evtimer_add(events.again, &soon))
		return -1;
	return 0;
}

void
weft_events_stop(void)
{
	event_free(events.again);
	event_free(events.ping);
	event_ring_free();
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Events: one call of weftd's, asked again and again, fills a ring of texts; every client has its place in it. A client
// that the ring laps is too slow, and is dropped. Its id is weftd's run and the event's number in it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "control/rest/http/conn.h"

#define KEPT	   1024
#define BLOCK	   2048
#define PING_S	   15
#define WAIT_MS	   20000
#define AGAIN_MS   500
#define TENANT_LEN 64

static const char ping[] = ": still here\n\n";

struct entry {
	char *text;
	json_int_t number; // of RUN
	char run[24];
	char tenant[TENANT_LEN]; // whose it is; "": the host's, "*": everybody's
};

struct client {
	struct client *next, **link;
	struct MHD_Connection *connection;
	struct conn *conn;
	json_t *as;
	uint64_t at;	// the next entry
	size_t offset;	// in its text
	size_t pinging; // of the ping's text so much is to be sent yet
	bool suspended;
};

static struct {
	struct event *again, *ping;
	struct entry ring[KEPT];
	uint64_t n; // entries so far; entry I is at I % KEPT
	char run[24];
	json_int_t last;
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
	server_resume(client->conn->server, client->connection);
}

static void
drop(struct client *client)
{
	fprintf(stderr, "event=client-dropped name=\"%s\" from=%s why=slow events=%llu\n",
		json_string_value(json_object_get(client->as, "name")), client->conn->address,
		(unsigned long long)(events.n - client->at));
	conn_close(client->conn);
}

// Whose the event is: of its port, where it has one.
static void
name_tenant(struct entry *entry, const json_t *event, const char *kind)
{
	const char *port = json_string_value(json_object_get(event, "port"));

	if (port == NULL)
		port = json_string_value(json_object_get(event, "source"));
	if (strcmp(kind, "generation") == 0 || strcmp(kind, "lost") == 0)
		strcpy(entry->tenant, "*");
	else if (port && strchr(port, '/'))
		snprintf(entry->tenant, sizeof(entry->tenant), "%.*s", (int)strcspn(port, "/"), port);
	else
		entry->tenant[0] = 0;
}

// Takes EVENT as the latest, which KIND names.
static void
append(const json_t *event, const char *kind)
{
	struct entry *entry = &events.ring[events.n % KEPT];
	char *data = json_dumps(event, JSON_COMPACT);
	size_t size = (data ? strlen(data) : 0) + 160;

	free(entry->text);
	entry->text = data ? malloc(size) : NULL;
	if (entry->text)
		snprintf(entry->text, size, "id: %s-%lld\nevent: %.60s\ndata: %s\n\n", events.run,
			(long long)events.last, kind, data);
	entry->number = events.last;
	strcpy(entry->run, events.run);
	name_tenant(entry, event, kind);
	events.n++;
	free(data);
}

static void
append_all(const json_t *result)
{
	const char *run = json_string_value(json_object_get(result, "run")), *kind;
	size_t i;
	json_t *event;

	if (json_is_true(json_object_get(result, "lost")) || (events.run[0] && run && strcmp(run, events.run))) {
		event = json_pack("{s:s}", "event", "lost");
		append(event, "lost");
		json_decref(event);
	}
	snprintf(events.run, sizeof(events.run), "%s", run ? run : "");
	json_array_foreach (json_object_get(result, "events"), i, event) {
		kind = json_string_value(json_object_get(event, "event"));
		events.last = json_integer_value(json_object_get(event, "number"));
		append(event, kind ? kind : "log");
	}
}

static void
on_events(struct request *request, json_t *result)
{
	struct timeval in = { .tv_usec = AGAIN_MS * 1000 };
	struct client *next;

	(void)request;
	if (result == NULL) {
		evtimer_add(events.again, &in);
		return;
	}
	append_all(result);
	json_decref(result);
	for (struct client *client = events.clients; client; client = next) {
		next = client->next;
		if (events.n - client->at > KEPT)
			drop(client);
		else if (client->at < events.n)
			resume(client);
	}
	// Events that come fast are taken together.
	in.tv_usec = 20000;
	evtimer_add(events.again, &in);
}

static void
ask(evutil_socket_t fd, short what, void *arg)
{
	struct timeval in = { .tv_usec = AGAIN_MS * 1000 };
	json_t *params = json_pack("{s:I, s:i}", "after", events.last, "timeout_ms", WAIT_MS);

	(void)fd, (void)what, (void)arg;
	if (events.run[0])
		json_object_set_new(params, "run", json_string(events.run));
	if (!backend_call(NULL, "events", params, on_events))
		evtimer_add(events.again, &in);
}

// So that a client that has gone is noticed, and the way to it stays open.
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
is_for(const struct client *client, const struct entry *entry)
{
	const struct request who = { .as = client->as };

	return entry->text &&
	       (entry->tenant[0] == '*' || (entry->tenant[0] ? may_see(&who, entry->tenant) : sees_all(&who)));
}

static size_t
take(const char *text, size_t *left_from, char *to, size_t room)
{
	size_t len = strlen(text + *left_from);

	len = len < room ? len : room;
	memcpy(to, text + *left_from, len);
	*left_from += len;
	return len;
}

// What there is for a client, as much as fits; when there is nothing more its connection waits.
static ssize_t
read_events(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct client *client = arg;
	size_t n = 0;

	(void)pos;
	if (events.n - client->at > KEPT)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (client->pinging) {
		size_t from = sizeof(ping) - 1 - client->pinging;

		n = take(ping, &from, buf, max);
		client->pinging -= n;
	}
	while (client->at < events.n && n < max && client->pinging == 0) {
		const struct entry *entry = &events.ring[client->at % KEPT];

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
		server_suspend(client->conn->server, client->connection);
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

// Where a client goes on that has seen ID last; without one from now on. What is not kept any more is said to be lost.
static uint64_t
place_of(const char *id)
{
	uint64_t oldest = events.n > KEPT ? events.n - KEPT : 0;
	const char *dash = id ? strchr(id, '-') : NULL;
	json_t *lost;

	if (dash == NULL)
		return events.n;
	for (uint64_t i = events.n; i > oldest; i--) {
		const struct entry *entry = &events.ring[(i - 1) % KEPT];

		if (entry->number == strtoll(dash + 1, NULL, 10) && strlen(entry->run) == (size_t)(dash - id) &&
			strncmp(entry->run, id, (size_t)(dash - id)) == 0)
			return i;
	}
	lost = json_pack("{s:s}", "event", "lost");
	append(lost, "lost");
	json_decref(lost);
	return events.n - 1;
}

void
get_events(struct request *r)
{
	const char *since = r->last_event[0] ? r->last_event : query_text(r, "since");
	struct client *client = events.n_clients < events.most ? calloc(1, sizeof(*client)) : NULL;
	struct MHD_Response *response;

	if (client == NULL) {
		r->retry_s = PING_S;
		problem(r, 503, "%u clients follow events, and there is no room for more", events.n_clients);
		return;
	}
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_events, client, free_client);
	if (response == NULL) {
		free(client);
		problem(r, 500, "no memory");
		return;
	}
	client->connection = r->connection;
	client->conn = r->conn;
	client->as = json_incref(r->as);
	client->at = place_of(since);
	client->pinging = sizeof(ping) - 1;
	client->next = events.clients;
	client->link = &events.clients;
	if (client->next)
		client->next->link = &client->next;
	events.clients = client;
	events.n_clients++;
	conn_state(r->conn, CONN_FOLLOWING);
	http_respond(r, "text/event-stream", response);
}

int
events_start(struct event_base *base, const struct config *config)
{
	const struct timeval each = { .tv_sec = PING_S }, soon = { 0 };

	events.most = config->event_clients;
	events.again = evtimer_new(base, ask, NULL);
	events.ping = event_new(base, -1, EV_PERSIST, on_ping, NULL);
	if (!events.again || !events.ping || event_add(events.ping, &each) || evtimer_add(events.again, &soon))
		return -1;
	return 0;
}

void
events_stop(void)
{
	event_free(events.again);
	event_free(events.ping);
	for (unsigned int i = 0; i < KEPT; i++)
		free(events.ring[i].text);
}

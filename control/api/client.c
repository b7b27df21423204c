// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftd reads no further requests of a client that does not read its answers, or has many calls under way: the client's
// socket fills up, and the client waits. Whoever still holds too much is ended, and whoever does not get on with a request.
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "weft/clock.h"

#include "control/base/json.h"
#include "control/state/state.h"

#define MAX_CLIENTS	 128
#define MAX_REQUEST	 (64u << 20)  // bytes
#define MAX_QUERY	 (64u << 10)  // a request of a client that may only read
#define MAX_UNREAD	 (256u << 20) // bytes of answers
#define MAX_UNREAD_QUERY (16u << 20)  // the same, of a client that may only read
#define MAX_HELD	 (512u << 20) // bytes of all clients' requests and answers
#define MAX_CALLS	 1024	      // under way; weft-rest has those of all its clients
#define MAX_CALLS_QUERY	 16
#define PAUSE_BYTES	 (256u << 10) // of unread answers: no further request is read
#define LARGE_BYTES	 (1u << 20)   // of a client: worth adding up what all of them hold
#define TURN_US		 2000	      // for which one client's requests are carried out without a break
#define UNREAD_S	 30	      // a client that reads nothing of its answers for so long is ended
// Of a request that is not whole yet, so many bytes have to come in so many seconds: what is read at once.
#define PART_BYTES 4096
#define PART_S	   30

struct client {
	struct client *next, **link;
	struct bufferevent *bev;
	struct event *turn;	 // continues with the requests
	struct event *late;	 // the request at the end of the input does not get on
	size_t part;		 // its bytes when that was found out last
	struct weft_calls calls; // not answered yet
	size_t scanned;		 // bytes at the start of the input that contain no newline
	uint64_t asked_ms;	 // when the last whole request came, or its answer went, or the client came
	uid_t uid;
	bool paused; // requests wait for the answers to be read, or for a turn
	bool may_change;
	char who[96];
	weft_method_fn *run;
};

static struct client *clients;

// Its calls continue; their answers are thrown away.
static void
drop_client(struct client *client)
{
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	weft_call_abandon(&client->calls);
	event_free(client->turn);
	event_free(client->late);
	bufferevent_free(client->bev);
	free(client);
	weft_ctl.clients--;
}

// Logs that a client was ended; once a second, so that clients that come back at once cannot fill the log.
static void
log_end(const struct client *client, const char *why)
{
	static uint64_t logged_ms;
	static unsigned int more;
	uint64_t now = weft_clock_ms();

	if (logged_ms && now < logged_ms + 1000) {
		more++;
		return;
	}
	WEFT_LOG(WARNING, "event=client-ended client=\"%s\" why=\"%s\" more=%u", client->who, why, more);
	logged_ms = now;
	more = 0;
}

// Ends a client, and tells it and the log WHY.
static void
end_client(struct client *client, const char *why)
{
	json_t *answer = json_pack(
		"{s:s, s:{s:i, s:s}, s:n}", "jsonrpc", "2.0", "error", "code", WEFT_CALL_ENDED, "message", why, "id");
	char *text = json_dumps(answer, JSON_COMPACT), line[512];
	int len = text ? snprintf(line, sizeof(line), "%s\n", text) : 0;

	// Not into the middle of an answer.
	if (evbuffer_get_length(bufferevent_get_output(client->bev)) == 0)
		send(bufferevent_getfd(client->bev), line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	free(text);
	json_decref(answer);
	log_end(client, why);
	weft_ctl.clients_ended++;
	drop_client(client);
}

static size_t
held_bytes(const struct client *client)
{
	return evbuffer_get_length(bufferevent_get_input(client->bev)) +
	       evbuffer_get_length(bufferevent_get_output(client->bev));
}

// Ends clients until all together hold no more than they may, the one that holds the most first.
static void
bound_held(void)
{
	for (;;) {
		struct client *largest = clients;
		size_t held = 0;

		for (struct client *client = clients; client; client = client->next) {
			held += held_bytes(client);
			if (held_bytes(client) > held_bytes(largest))
				largest = client;
		}
		if (held <= MAX_HELD)
			return;
		end_client(largest, "all clients together hold too much, and this one the most");
	}
}

static void
take_request(struct client *client, const char *line, size_t len)
{
	struct weft_error err = { "" };
	json_t *request = weft_json_load(line, len, "request", &err);
	const char *method = json_string_value(json_object_get(request, "method"));
	struct weft_call *call = weft_call_new(&client->calls, client->who, request);

	client->asked_ms = weft_clock_ms();
	if (call && method) {
		client->run(call, method, json_object_get(request, "params"), client->may_change);
	} else if (call && request) {
		weft_fail(&err, EINVAL, "request: \"method\" is missing");
		weft_call_error(call, WEFT_CALL_BAD_REQUEST, &err);
	} else if (call) {
		weft_call_error(call, WEFT_CALL_PARSE_ERROR, &err);
	}
	json_decref(request);
}

// Whether a whole request has come. *LEN: its length without the newline.
static bool
has_request(struct client *client, size_t *len)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);
	struct evbuffer_ptr from, end;

	if (evbuffer_get_length(in) <= client->scanned)
		return false;
	evbuffer_ptr_set(in, &from, client->scanned, EVBUFFER_PTR_SET);
	end = evbuffer_search_eol(in, &from, NULL, EVBUFFER_EOL_LF);
	client->scanned = end.pos < 0 ? evbuffer_get_length(in) : (size_t)end.pos;
	*len = client->scanned;
	return end.pos >= 0;
}

static bool
is_busy(const struct client *client)
{
	return client->calls.n >= (client->may_change ? MAX_CALLS : MAX_CALLS_QUERY) ||
	       evbuffer_get_length(bufferevent_get_output(client->bev)) > PAUSE_BYTES;
}

static void
next_turn(struct client *client)
{
	const struct timeval now = { 0 };

	event_add(client->turn, &now);
}

// Gives the request at the end of the input, of which PART bytes have come, time to get on.
static void
await_part(struct client *client, size_t part)
{
	const struct timeval in = { .tv_sec = PART_S };

	client->part = part;
	event_add(client->late, &in);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	size_t part = evbuffer_get_length(bufferevent_get_input(client->bev));

	(void)fd, (void)what;
	if (part < client->part + PART_BYTES)
		end_client(client, "the rest of its request has not come within 30 s");
	else
		await_part(client, part);
}

// Carries the client's requests out, as far as it may go on now.
static void
serve(struct client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);
	uint64_t until = weft_clock_us() + TURN_US;
	size_t len;

	while (has_request(client, &len)) {
		event_del(client->late);
		client->paused = is_busy(client) || weft_clock_us() >= until;
		if (client->paused) {
			bufferevent_disable(client->bev, EV_READ);
			if (!is_busy(client))
				next_turn(client);
			return;
		}
		take_request(client, (const char *)evbuffer_pullup(in, len + 1), len);
		evbuffer_drain(in, len + 1);
		client->scanned = 0;
	}
	client->paused = false;
	bufferevent_enable(client->bev, EV_READ);
	if (evbuffer_get_length(in) > (client->may_change ? MAX_REQUEST : MAX_QUERY))
		end_client(client,
			client->may_change
				? "its request is too long: 64 MiB are the most; apply the policy in parts"
				: "its request is too long: 64 KiB are the most for a client that may only read");
	else if (evbuffer_get_length(in) && !evtimer_pending(client->late, NULL))
		await_part(client, 0);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	bool large = held_bytes(arg) > LARGE_BYTES;

	(void)bev;
	serve(arg);
	if (large)
		bound_held();
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;

	(void)bev;
	if (client->paused)
		serve(client);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;

	(void)fd, (void)what;
	if (client->calls.overrun)
		end_client(client, "it does not read its answers");
	else if (client->paused)
		serve(client);
	bound_held();
}

static void
on_answered(struct weft_calls *calls)
{
	struct client *client = (struct client *)((char *)calls - offsetof(struct client, calls));

	client->asked_ms = weft_clock_ms(); // it was not silent, weftd was
	if (calls->overrun || client->paused || held_bytes(client) > LARGE_BYTES)
		next_turn(client);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & BEV_EVENT_TIMEOUT)
		end_client(arg, "it has read nothing of its answers for 30 s");
	else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		drop_client(arg);
}

// How many clients the user of CLIENT has.
static unsigned int
places(const struct client *client)
{
	unsigned int n = 0;

	for (const struct client *other = clients; other; other = other->next)
		n += other->uid == client->uid;
	return n;
}

// Whether CLIENT waits for an answer, or for one that is not sent yet.
static bool
waits(const struct client *client)
{
	return client->calls.n || evbuffer_get_length(bufferevent_get_output(client->bev));
}

// Whether A should make room rather than B: its user has more clients, it waits for no answer, or it has been silent for
// longer.
static bool
goes_first(const struct client *a, const struct client *b)
{
	unsigned int of_a = places(a), of_b = places(b);

	if (of_a != of_b)
		return of_a > of_b;
	if (waits(a) != waits(b))
		return waits(b);
	return a->asked_ms < b->asked_ms;
}

bool
client_has_room(void)
{
	return weft_ctl.clients < MAX_CLIENTS;
}

static void
make_room(void)
{
	struct client *first = clients;

	if (client_has_room())
		return;
	for (struct client *client = clients; client; client = client->next)
		if (goes_first(client, first))
			first = client;
	end_client(first, waits(first) ? "its user has the most clients, and another client needs the place"
				       : "it is silent, and another client needs the place");
}

void
client_open(int fd, uid_t uid, const char *who, bool may_change, weft_method_fn *run)
{
	const struct timeval unread = { .tv_sec = UNREAD_S };
	struct client *client = calloc(1, sizeof(*client));
	struct bufferevent *bev = client ? bufferevent_socket_new(weft_ctl.base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
	struct event *turn = bev ? evtimer_new(weft_ctl.base, on_turn, client) : NULL;
	struct event *late = turn ? evtimer_new(weft_ctl.base, on_late, client) : NULL;

	if (late == NULL) {
		if (turn)
			event_free(turn);
		if (bev)
			bufferevent_free(bev);
		else
			close(fd);
		free(client);
		return;
	}
	make_room();
	*client = (struct client){
		.next = clients, .link = &clients, .bev = bev, .turn = turn, .late = late, .uid = uid, .run = run
	};
	client->may_change = may_change;
	client->asked_ms = weft_clock_ms();
	client->calls.out = bufferevent_get_output(bev);
	client->calls.most = may_change ? MAX_UNREAD : MAX_UNREAD_QUERY;
	client->calls.answered = on_answered;
	snprintf(client->who, sizeof(client->who), "%s", who);
	if (clients)
		clients->link = &client->next;
	clients = client;
	weft_ctl.clients++;
	bufferevent_setcb(bev, on_read, on_written, on_event, client);
	bufferevent_setwatermark(bev, EV_WRITE, PAUSE_BYTES / 2, 0);
	bufferevent_set_timeouts(bev, NULL, &unread);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

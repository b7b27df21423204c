// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// JSON-RPC 2.0 over a UNIX socket, a request and an answer a line. Who connects is known by the socket's
// mode and the peer's credentials.
#include "server.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "control/base/json.h"
#include "control/state/state.h"
#include "methods.h"

#define MAX_REQUEST (256u << 20)
#define MAX_QUERY   (64u << 10) // of those who may only read
#define MAX_CLIENTS 64
#define MAX_GROUPS  64

// JSON-RPC 2.0, section 5.1.
#define PARSE_ERROR -32700
#define BAD_REQUEST -32600

struct weft_client {
	struct bufferevent *bev;
	struct weft_call *calls; // in work
	size_t scanned;		 // bytes at the start of its input in which no line ends
	bool may_change;
	char who[96];
};

static struct evconnlistener *listener;
static unsigned int n_clients;

static bool
in_group(int fd, const struct ucred *cred)
{
	const struct group *group = weft_ctl.config.socket_group[0] ? getgrnam(weft_ctl.config.socket_group) : NULL;
	gid_t groups[MAX_GROUPS];
	socklen_t len = sizeof(groups);

	if (group == NULL)
		return false;
	if (cred->gid == group->gr_gid)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (unsigned int i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == group->gr_gid)
			return true;
	return false;
}

// Who is at the other end, and what it may do.
static void
identify(struct weft_client *client, int fd)
{
	const struct passwd *user;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		snprintf(client->who, sizeof(client->who), "unknown");
		return;
	}
	user = getpwuid(cred.uid);
	snprintf(client->who, sizeof(client->who), "%.40s (uid %u) on %.32s", user ? user->pw_name : "?", cred.uid,
		weft_ctl.local.host);
	client->may_change = cred.uid == 0 || cred.uid == geteuid() || in_group(fd, &cred);
}

static int
send_json(const char *text, size_t len, void *out)
{
	return evbuffer_add(out, text, len);
}

// Ends CALL with FIELD ("result" or "error"), whose VALUE it takes over.
static void
reply(struct weft_call *call, const char *field, json_t *value)
{
	json_t *message = json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", field, value, "id", call->id);
	struct weft_client *client = call->client;

	if (client) {
		struct evbuffer *out = bufferevent_get_output(client->bev);
		struct weft_call **p = &client->calls;

		json_dump_callback(message, send_json, out, JSON_COMPACT);
		evbuffer_add(out, "\n", 1);
		while (*p != call)
			p = &(*p)->next;
		*p = call->next;
	}
	json_decref(message);
	json_decref(call->scope);
	free(call);
}

void
weft_call_result(struct weft_call *call, json_t *result)
{
	reply(call, "result", result);
}

// What a person wrote may have been cut within a character.
static json_t *
text_json(const struct weft_error *err)
{
	struct weft_error plain = *err;
	json_t *text = json_string(err->text);

	if (text)
		return text;
	for (char *p = plain.text; *p; p++)
		*p = (unsigned char)*p < 0x80 ? *p : '?';
	return json_string(plain.text);
}

void
weft_call_error(struct weft_call *call, int code, const struct weft_error *err)
{
	reply(call, "error", json_pack("{s:i, s:o}", "code", code, "message", text_json(err)));
}

// A program that asks for others says for whom.
static void
take_name(struct weft_call *call, json_t *as)
{
	const char *name = json_string_value(json_object_get(as, "name"));

	if (name)
		snprintf(call->who, sizeof(call->who), "%.30s by %.60s", name, call->client->who);
	else
		memcpy(call->who, call->client->who, sizeof(call->who));
	call->scope = json_incref(as);
}

static void
take_request(struct weft_client *client, const char *line, size_t len)
{
	struct weft_call *call = calloc(1, sizeof(*call));
	struct weft_error err = { "" };
	json_t *request, *id;
	const char *method;

	if (call == NULL)
		return;
	request = weft_json_load(line, len, "request", &err);
	method = json_string_value(json_object_get(request, "method"));
	id = json_object_get(request, "id");
	call->id = id ? json_incref(id) : json_null();
	call->client = client;
	call->next = client->calls;
	client->calls = call;
	take_name(call, json_object_get(request, "as"));
	if (method) {
		weft_method_run(call, method, json_object_get(request, "params"), client->may_change);
	} else {
		if (request)
			weft_fail(&err, EINVAL, "request: \"method\" is missing");
		weft_call_error(call, request ? BAD_REQUEST : PARSE_ERROR, &err);
	}
	json_decref(request);
}

// What is in work for it goes on; nobody hears of its end.
static void
drop_client(struct weft_client *client)
{
	for (struct weft_call *call = client->calls; call; call = call->next)
		call->client = NULL;
	bufferevent_free(client->bev);
	free(client);
	n_clients--;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct weft_client *client = arg;
	struct evbuffer_ptr from, end;

	while (evbuffer_get_length(in)) {
		evbuffer_ptr_set(in, &from, client->scanned, EVBUFFER_PTR_SET);
		end = evbuffer_search_eol(in, &from, NULL, EVBUFFER_EOL_LF);
		if (end.pos < 0) {
			client->scanned = evbuffer_get_length(in);
			break;
		}
		take_request(client, (const char *)evbuffer_pullup(in, end.pos + 1), end.pos);
		evbuffer_drain(in, end.pos + 1);
		client->scanned = 0;
	}
	if (evbuffer_get_length(in) > (client->may_change ? MAX_REQUEST : MAX_QUERY))
		drop_client(client);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		drop_client(arg);
}

static void
on_accept(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *addr, int len, void *arg)
{
	struct weft_client *client = n_clients < MAX_CLIENTS ? calloc(1, sizeof(*client)) : NULL;
	struct bufferevent *bev = client ? bufferevent_socket_new(weft_ctl.base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;

	(void)from, (void)addr, (void)len, (void)arg;
	if (bev == NULL) {
		free(client);
		close(fd);
		return;
	}
	n_clients++;
	client->bev = bev;
	identify(client, fd);
	bufferevent_setcb(bev, on_read, NULL, on_event, client);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

// A socket that is left over goes; one that answers means that another weftd runs.
static int
clear_socket(const struct sockaddr_un *addr, struct weft_error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)addr, sizeof(*addr));

	if (fd >= 0)
		close(fd);
	if (ret == 0)
		return weft_fail(err, EADDRINUSE, "another weftd serves %s; stop it, or use another --dev folder",
			addr->sun_path);
	unlink(addr->sun_path);
	return 0;
}

int
weft_server_start(struct weft_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const struct group *group = weft_ctl.config.socket_group[0] ? getgrnam(weft_ctl.config.socket_group) : NULL;
	int ret;

	if (weft_ctl.config.socket_group[0] && group == NULL)
		return weft_fail(err, EINVAL, "socket_group: there is no group \"%s\"", weft_ctl.config.socket_group);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", weft_ctl.config.socket);
	if ((ret = clear_socket(&addr, err)))
		return ret;
	// Nobody gets in between bind and chmod.
	umask(0177);
	listener = evconnlistener_new_bind(weft_ctl.base, on_accept, NULL,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1, (struct sockaddr *)&addr, sizeof(addr));
	umask(0022);
	if (listener == NULL)
		return weft_fail(err, errno, "cannot listen on %s: %s", addr.sun_path, strerror(errno));
	if (chmod(addr.sun_path, weft_ctl.config.socket_mode) || (group && chown(addr.sun_path, -1, group->gr_gid)))
		return weft_fail(err, errno, "cannot set the mode of %s: %s", addr.sun_path, strerror(errno));
	return 0;
}

void
weft_server_stop(void)
{
	if (listener) {
		evconnlistener_free(listener);
		unlink(weft_ctl.config.socket);
	}
	listener = NULL;
}

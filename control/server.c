// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// JSON-RPC 2.0 over a UNIX socket, a request and an answer a line. Who connects is known by the socket's
// mode and the peer's credentials.
#include <errno.h>
#include <grp.h>
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

#include "state.h"

#define MAX_REQUEST (16u << 20)
#define MAX_QUERY   (64u << 10) // of those who may only read
#define MAX_CLIENTS 64
#define MAX_GROUPS  64

// JSON-RPC 2.0, section 5.1.
#define PARSE_ERROR -32700
#define BAD_REQUEST -32600

struct client {
	bool may_change;
};

static struct evconnlistener *listener;
static unsigned int n_clients;

static bool
in_group(int fd, const struct ucred *cred)
{
	const struct group *group = ctl.config.socket_group[0] ? getgrnam(ctl.config.socket_group) : NULL;
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

static bool
may_change(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return false;
	return cred.uid == 0 || cred.uid == geteuid() || in_group(fd, &cred);
}

static json_t *
failure(int code, const char *text)
{
	return json_pack("{s:i, s:s%}", "code", code, "message", text, strnlen(text, sizeof(struct weft_error)));
}

static json_t *
answer(const struct client *client, const char *line, size_t len)
{
	json_t *reply = json_pack("{s:s}", "jsonrpc", "2.0"), *request, *result = NULL;
	struct weft_error err = { "" };
	int code = PARSE_ERROR;
	const char *method;

	request = weft_json_load(line, len, "request", &err);
	method = json_string_value(json_object_get(request, "method"));
	if (method)
		result = weft_method_call(method, json_object_get(request, "params"), client->may_change, &code, &err);
	else if (request)
		weft_fail(&err, EINVAL, "request: \"method\" is missing");
	if (request && !method)
		code = BAD_REQUEST;
	if (result)
		json_object_set_new(reply, "result", result);
	else
		json_object_set_new(reply, "error", failure(code, err.text));
	if (json_object_get(request, "id"))
		json_object_set(reply, "id", json_object_get(request, "id"));
	else
		json_object_set_new(reply, "id", json_null());
	json_decref(request);
	return reply;
}

static void
drop_client(struct bufferevent *bev, struct client *client)
{
	bufferevent_free(bev);
	free(client);
	n_clients--;
}

static int
send_json(const char *text, size_t len, void *out)
{
	return evbuffer_add(out, text, len);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev), *out = bufferevent_get_output(bev);
	struct client *client = arg;
	size_t len;
	char *line;

	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
		json_t *reply = answer(client, line, len);

		json_dump_callback(reply, send_json, out, JSON_COMPACT);
		evbuffer_add(out, "\n", 1);
		json_decref(reply);
		free(line);
	}
	if (evbuffer_get_length(in) > (client->may_change ? MAX_REQUEST : MAX_QUERY))
		drop_client(bev, client);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		drop_client(bev, arg);
}

static void
on_accept(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *addr, int len, void *arg)
{
	struct client *client = n_clients < MAX_CLIENTS ? calloc(1, sizeof(*client)) : NULL;
	struct bufferevent *bev = client ? bufferevent_socket_new(ctl.base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;

	(void)from, (void)addr, (void)len, (void)arg;
	if (bev == NULL) {
		free(client);
		close(fd);
		return;
	}
	n_clients++;
	client->may_change = may_change(fd);
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
	const struct group *group = ctl.config.socket_group[0] ? getgrnam(ctl.config.socket_group) : NULL;
	int ret;

	if (ctl.config.socket_group[0] && group == NULL)
		return weft_fail(err, EINVAL, "socket_group: there is no group \"%s\"", ctl.config.socket_group);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", ctl.config.socket);
	if ((ret = clear_socket(&addr, err)))
		return ret;
	// Nobody gets in between bind and chmod.
	umask(0177);
	listener = evconnlistener_new_bind(ctl.base, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
		(struct sockaddr *)&addr, sizeof(addr));
	umask(0022);
	if (listener == NULL)
		return weft_fail(err, errno, "cannot listen on %s: %s", addr.sun_path, strerror(errno));
	if (chmod(addr.sun_path, ctl.config.socket_mode) || (group && chown(addr.sun_path, -1, group->gr_gid)))
		return weft_fail(err, errno, "cannot set the mode of %s: %s", addr.sun_path, strerror(errno));
	return 0;
}

void
weft_server_stop(void)
{
	if (listener) {
		evconnlistener_free(listener);
		unlink(ctl.config.socket);
	}
	listener = NULL;
}

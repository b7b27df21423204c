// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

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

#define MAX_REQUEST (256u << 20) // bytes
#define MAX_QUERY   (64u << 10)	 // a request of a client that may only read
#define MAX_CLIENTS 64
#define MAX_GROUPS  64

struct client {
	struct bufferevent *bev;
	struct weft_calls calls; // not answered yet
	size_t scanned;		 // bytes at the start of the input that contain no newline
	bool may_change;
	char who[96];
};

static struct evconnlistener *listener;
static unsigned int n_clients;
static weft_method_fn *run_method;

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

// Finds out who is at the other end of the socket, and whether they may change things.
static void
identify(struct client *client, int fd)
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

static void
take_request(struct client *client, const char *line, size_t len)
{
	struct weft_error err = { "" };
	json_t *request = weft_json_load(line, len, "request", &err);
	const char *method = json_string_value(json_object_get(request, "method"));
	struct weft_call *call =
		weft_call_new(&client->calls, bufferevent_get_output(client->bev), client->who, request);

	if (call && method) {
		run_method(call, method, json_object_get(request, "params"), client->may_change);
	} else if (call && request) {
		weft_fail(&err, EINVAL, "request: \"method\" is missing");
		weft_call_error(call, WEFT_CALL_BAD_REQUEST, &err);
	} else if (call) {
		weft_call_error(call, WEFT_CALL_PARSE_ERROR, &err);
	}
	json_decref(request);
}

// Its calls continue; their answers are thrown away.
static void
drop_client(struct client *client)
{
	weft_call_abandon(&client->calls);
	bufferevent_free(client->bev);
	free(client);
	n_clients--;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct client *client = arg;
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
	struct client *client = n_clients < MAX_CLIENTS ? calloc(1, sizeof(*client)) : NULL;
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

// Removes a socket that a former weftd has left behind. If it answers, another weftd runs.
static int
clear_socket(const struct sockaddr_un *addr, struct weft_error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)addr, sizeof(*addr));

	if (fd >= 0)
		close(fd);
	if (ret == 0)
		return weft_fail(err, EADDRINUSE,
			"another weftd serves %s; stop that one, or give this one another --dev folder",
			addr->sun_path);
	unlink(addr->sun_path);
	return 0;
}

int
weft_server_start(weft_method_fn *run, struct weft_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const struct group *group = weft_ctl.config.socket_group[0] ? getgrnam(weft_ctl.config.socket_group) : NULL;
	int ret;

	if (weft_ctl.config.socket_group[0] && group == NULL)
		return weft_fail(err, EINVAL, "socket_group: there is no group \"%s\"; run 'groupadd %s'",
			weft_ctl.config.socket_group, weft_ctl.config.socket_group);
	run_method = run;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", weft_ctl.config.socket);
	if ((ret = clear_socket(&addr, err)))
		return ret;
	// Until chmod() has set the mode, nobody else may connect.
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

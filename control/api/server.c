// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "server.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "weft/user.h"

#include "control/state/state.h"
#include "client.h"

#define MAX_GROUPS 64
// So many clients are accepted at once, and so many may wait for it.
#define MAX_ACCEPTS 16
#define BACKLOG	    1024
#define PAUSE_MS    100 // when a client cannot be accepted

static int listener = -1;
static struct event *arrival; // of clients; once
static struct event *resume;  // waits for the next arrival
static bool has_group;
static gid_t changers; // socket_group; asking for it now and then could take long, where it comes over a network
static weft_method_fn *run_method;

static bool
in_group(int fd, const struct ucred *cred)
{
	gid_t groups[MAX_GROUPS];
	socklen_t len = sizeof(groups);

	if (!has_group)
		return false;
	if (cred->gid == changers)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (unsigned int i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == changers)
			return true;
	return false;
}

// Finds out who is at the other end of the socket, and whether they may change things.
static void
welcome(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char user[WEFT_USER_SIZE], who[96];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		close(fd);
		return;
	}
	if (weft_user_name(cred.uid, user))
		snprintf(who, sizeof(who), "%s (uid %u) on %.32s", user, cred.uid, weft_ctl.local.host);
	else
		snprintf(who, sizeof(who), "%s on %.32s", user, weft_ctl.local.host);
	client_open(fd, cred.uid, who, cred.uid == 0 || cred.uid == geteuid() || in_group(fd, &cred), run_method);
}

// Accepts some of those who wait, and none who needs another one's place but the first: the others come after what has been
// sent was read. So nobody who has asked for something is taken for silent.
static void
on_arrival(evutil_socket_t fd, short what, void *arg)
{
	struct timeval in = { 0 };

	(void)what, (void)arg;
	for (unsigned int i = 0; i < MAX_ACCEPTS && (i == 0 || client_has_room()); i++) {
		int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			welcome(client);
			continue;
		}
		// Without descriptors, for example, the socket would be ready again at once.
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			in.tv_usec = PAUSE_MS * 1000;
		break;
	}
	// libevent runs a timer after what it has found ready to read.
	event_add(resume, &in);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	event_add(arrival, NULL);
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

// Opens the socket at ADDR, which nobody but weftd may open yet. Returns 0 or -errno.
static int
open_socket(const struct sockaddr_un *addr)
{
	bool bound;

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return -errno;
	umask(0177);
	bound = bind(listener, (const struct sockaddr *)addr, sizeof(*addr)) == 0;
	umask(0022);
	if (!bound || listen(listener, BACKLOG))
		return -errno;
	arrival = event_new(weft_ctl.base, listener, EV_READ, on_arrival, NULL);
	resume = evtimer_new(weft_ctl.base, on_resume, NULL);
	return arrival && resume && event_add(arrival, NULL) == 0 ? 0 : -ENOMEM;
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
	has_group = group != NULL;
	changers = group ? group->gr_gid : 0;
	run_method = run;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", weft_ctl.config.socket);
	if ((ret = clear_socket(&addr, err)))
		return ret;
	if ((ret = open_socket(&addr)))
		return weft_fail(err, -ret, "cannot listen on %s: %s", addr.sun_path, strerror(-ret));
	if (chmod(addr.sun_path, weft_ctl.config.socket_mode) || (has_group && chown(addr.sun_path, -1, changers)))
		return weft_fail(err, errno, "cannot set the mode of %s: %s", addr.sun_path, strerror(errno));
	return 0;
}

void
weft_server_stop(void)
{
	if (arrival)
		event_free(arrival);
	if (resume)
		event_free(resume);
	if (listener >= 0) {
		close(listener);
		unlink(weft_ctl.config.socket);
	}
	arrival = resume = NULL;
	listener = -1;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "server.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/listener.h>

#include "control/state/state.h"
#include "client.h"

#define MAX_GROUPS 64

static struct evconnlistener *listener;
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
on_accept(struct evconnlistener *from, evutil_socket_t fd, struct sockaddr *addr, int addr_len, void *arg)
{
	const struct passwd *user;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char who[96];

	(void)from, (void)addr, (void)addr_len, (void)arg;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		close(fd);
		return;
	}
	user = getpwuid(cred.uid);
	snprintf(
		who, sizeof(who), "%.40s (uid %u) on %.32s", user ? user->pw_name : "?", cred.uid, weft_ctl.local.host);
	client_open(fd, cred.uid, who, cred.uid == 0 || cred.uid == geteuid() || in_group(fd, &cred), run_method);
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

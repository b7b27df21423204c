// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weft-rest: REST in front of weftd. Who may connect to its socket may do what it may.
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rest.h"

#define BACKLOG 64

static const char usage[] =
	"usage: weft-rest [--weftd SOCKET] [--listen SOCKET] | --dev DIR\n"
	"HTTP on a UNIX socket, for its owner and group: curl --unix-socket SOCKET http://weft/v1/status\n";

// A socket whose file only its owner and group may use; one that nobody listens on any more is replaced.
static int
listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), probe;
	mode_t mask;
	bool bound;

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "weft-rest: --listen %s: longer than a UNIX socket's path can be\n", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0) {
		fprintf(stderr, "weft-rest: %s: another one serves it\n", path);
		return -1;
	}
	close(probe);
	unlink(path);
	mask = umask(0117);
	bound = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, BACKLOG) == 0;
	umask(mask);
	if (bound)
		return fd;
	perror(path);
	return -1;
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

static int
serve(const char *weftd, const char *path)
{
	struct event_base *base = event_base_new();
	int fd = listen_on(path);
	struct event *term = evsignal_new(base, SIGTERM, on_signal, base),
		     *intr = evsignal_new(base, SIGINT, on_signal, base);
	struct http *http;

	if (fd < 0 || base == NULL || backend_start(base, weftd))
		return 1;
	http = http_new(base, fd);
	if (http == NULL) {
		fprintf(stderr, "weft-rest: cannot serve %s\n", path);
		return 1;
	}
	event_add(term, NULL);
	event_add(intr, NULL);
	fprintf(stderr, "event=serves socket=%s weftd=%s\n", path, weftd);
	event_base_dispatch(base);
	backend_stop();
	http_free(http);
	event_free(term);
	event_free(intr);
	event_base_free(base);
	unlink(path);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "weftd", required_argument, NULL, 'w' },
		{ "listen", required_argument, NULL, 'l' }, { "dev", required_argument, NULL, 'd' }, { 0 } };
	char weftd[300] = "/run/weft/weftd.sock", path[300] = "/run/weft/rest.sock";
	int c;

	signal(SIGPIPE, SIG_IGN);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'w') {
			snprintf(weftd, sizeof(weftd), "%s", optarg);
		} else if (c == 'l') {
			snprintf(path, sizeof(path), "%s", optarg);
		} else if (c == 'd') {
			snprintf(weftd, sizeof(weftd), "%s/weftd.sock", optarg);
			snprintf(path, sizeof(path), "%s/rest.sock", optarg);
		} else {
			fputs(usage, stderr);
			return 1;
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		return 1;
	}
	return serve(weftd, path);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "listen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/util.h>

#define BACKLOG 256

int
weft_listen_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), probe;
	mode_t mask;
	bool bound;

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "weft-rest: %s: the path is longer than a UNIX socket's may be\n", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0) {
		fprintf(stderr, "weft-rest: %s: another process serves this socket\n", path);
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

static bool
is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

	return address->sa_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == 127
					     : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

int
weft_listen_tcp(const char *text, bool tls)
{
	struct sockaddr_storage address;
	int len = sizeof(address), fd, on = 1;

	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len)) {
		fprintf(stderr, "weft-rest: listen: \"%s\" is not ADDRESS:PORT, such as 127.0.0.1:8443 or [::]:8443\n",
			text);
		return -1;
	}
	if (!tls && !is_loopback((struct sockaddr *)&address)) {
		fprintf(stderr,
			"weft-rest: listen: other hosts can reach %s, and there is no TLS: set certificate and key, "
			"or listen at 127.0.0.1\n",
			text);
		return -1;
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		bind(fd, (struct sockaddr *)&address, (socklen_t)len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	perror(text);
	if (fd >= 0)
		close(fd);
	return -1;
}

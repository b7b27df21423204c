// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 8

// Writes to PATH, of SIZE bytes, a name of the socket that FROM itself is: whoever may write in its folder could have made a link
// to another one of this machine. Returns a descriptor that keeps the name valid, or -errno.
static int
pin(const char *from, char *path, size_t size)
{
	int fd = open(from, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode)) {
		close(fd);
		return -ENOTSOCK;
	}
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

static int
open_socket(const char *path, struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(addr->sun_path, sizeof(addr->sun_path), "%s", path);
	return fd < 0 ? -errno : fd;
}

int
vhost_socket_connect(const char *path)
{
	struct sockaddr_un addr;
	char name[40];
	int file = pin(path, name, sizeof(name)), fd, ret;

	if (file < 0)
		return file;
	fd = open_socket(name, &addr);
	ret = fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 ? fd : -errno;
	if (ret < 0 && fd >= 0)
		close(fd);
	close(file);
	return ret;
}

static int
clear_path(const char *path, const char *name, struct weft_error *err)
{
	struct stat st;
	int fd;

	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return weft_fail(
			err, EEXIST, "port %s: %s exists and is not a socket: choose another path", name, path);
	fd = vhost_socket_connect(path);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || fd == -EAGAIN)
		return weft_fail(err, EADDRINUSE,
			"port %s: another process listens on %s: stop it, or choose another path", name, path);
	unlink(path);
	return 0;
}

int
vhost_socket_listen(const char *path, const char *name, struct weft_error *err)
{
	struct sockaddr_un addr;
	int fd, ret = clear_path(path, name, err);

	if (ret)
		return ret;
	fd = open_socket(path, &addr);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	ret = fd < 0 ? fd : -errno;
	if (fd >= 0)
		close(fd);
	return weft_fail(err, -ret, "port %s: cannot listen on %s: %s: check that its folder exists and is writable",
		name, path, strerror(-ret));
}

int
vhost_socket_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool
vhost_socket_is_over(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1;
}

int
vhost_socket_folders(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

// A folder's watch is shared by its ports, and stays.
int
vhost_socket_watch(int folders, const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
	return inotify_add_watch(folders, slash ? (folder[0] ? folder : "/") : ".",
		       IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_MOVE_SELF) < 0
		       ? -errno
		       : 0;
}

void
vhost_socket_read_folders(int folders, void (*appeared)(const char *name))
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len;

	len = read(folders, buf, sizeof(buf));
	for (char *p = buf; p < buf + len;) {
		const struct inotify_event *event = (const struct inotify_event *)(const void *)p;

		appeared(event->len ? event->name : NULL);
		p += sizeof(*event) + event->len;
	}
}

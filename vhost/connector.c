// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The thread watches the folders of the sockets, so a guest that comes back is served within milliseconds, and only
// this thread waits for the library's locks.
#include "connector.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "weft/clock.h"

#include "device.h"
#include "port.h"

#define FIRST_BACKOFF_MS 2
#define LAST_BACKOFF_MS	 1000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // for the list, and while a port connects
static struct vhost_port *ports;
static int inotify_fd = -1, wake_fd = -1;

static void
try_again_soon(struct vhost_port *port)
{
	port->backoff_ms = FIRST_BACKOFF_MS;
	port->next_try_ms = 0;
}

// Cleans up after a lost connection, and connects the port if there is a socket and its time has come.
static void
serve(struct vhost_port *port, uint64_t now)
{
	if (port->registered && atomic_load(&port->closed)) {
		rte_vhost_driver_unregister(port->path);
		port->registered = false;
		try_again_soon(port);
	}
	if (port->registered || now < port->next_try_ms)
		return;
	if (access(port->path, F_OK) == 0 && vhost_device_register(port) == 0) {
		port->registered = true;
		return;
	}
	port->next_try_ms = now + port->backoff_ms;
	port->backoff_ms = RTE_MIN(port->backoff_ms * 2, (uint32_t)LAST_BACKOFF_MS);
}

// Reads which names have appeared in the folders. A port whose socket's name it is need not wait any more.
static void
read_events(void)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len;

	while ((len = read(inotify_fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + len;) {
			const struct inotify_event *event = (const struct inotify_event *)(const void *)p;

			for (struct vhost_port *port = ports; port; port = port->next) {
				const char *base = strrchr(port->path, '/');

				if (event->len && strcmp(base ? base + 1 : port->path, event->name) == 0)
					try_again_soon(port);
			}
			p += sizeof(*event) + event->len;
		}
	}
}

static void *
run(void *arg __rte_unused)
{
	struct pollfd fds[2] = { { .fd = inotify_fd, .events = POLLIN }, { .fd = wake_fd, .events = POLLIN } };
	int timeout = -1;

	for (;;) {
		uint64_t now, next = UINT64_MAX, count;

		poll(fds, 2, timeout);
		pthread_mutex_lock(&lock);
		if (fds[1].revents && read(wake_fd, &count, sizeof(count)) < 0)
			WEFT_LOG(ERR, "event=connector errno=%d", errno);
		read_events();
		now = weft_clock_ms();
		for (struct vhost_port *port = ports; port; port = port->next) {
			serve(port, now);
			if (!port->registered)
				next = RTE_MIN(next, port->next_try_ms);
		}
		pthread_mutex_unlock(&lock);
		now = weft_clock_ms();
		timeout = next == UINT64_MAX ? -1 : next > now ? (int)(next - now) : 0;
	}
	return NULL;
}

static int
start(void)
{
	pthread_t thread;
	int ret;

	if (inotify_fd >= 0)
		return 0;
	inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (inotify_fd < 0 || wake_fd < 0)
		return -errno;
	ret = pthread_create(&thread, NULL, run, NULL);
	if (ret)
		return -ret;
	pthread_setname_np(thread, "weft-connect");
	return -pthread_detach(thread);
}

static void
wake(void)
{
	uint64_t one = 1;

	if (write(wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		WEFT_LOG(ERR, "event=connector errno=%d", errno);
}

int
vhost_connector_add(struct vhost_port *port)
{
	char dir[sizeof(port->path)];
	char *slash;
	int ret;

	snprintf(dir, sizeof(dir), "%s", port->path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = 0;
	pthread_mutex_lock(&lock);
	ret = start();
	// Ports of one folder share its watch, which stays.
	if (ret == 0 && inotify_add_watch(inotify_fd, slash ? (dir[0] ? dir : "/") : ".",
				IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0)
		ret = -errno;
	if (ret == 0) {
		port->on_closed = wake;
		try_again_soon(port);
		port->next = ports;
		ports = port;
	}
	pthread_mutex_unlock(&lock);
	if (ret == 0)
		wake();
	return ret;
}

void
vhost_connector_remove(struct vhost_port *port)
{
	pthread_mutex_lock(&lock);
	for (struct vhost_port **p = &ports; *p; p = &(*p)->next) {
		if (*p == port) {
			*p = port->next;
			break;
		}
	}
	if (port->registered)
		rte_vhost_driver_unregister(port->path);
	port->registered = false;
	pthread_mutex_unlock(&lock);
}

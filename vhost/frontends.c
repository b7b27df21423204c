// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "frontends.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "weft/clock.h"

#include "vhost/rings/call.h"

#include "connection.h"
#include "device.h"
#include "guard.h"
#include "port.h"
#include "socket.h"
#include "trash.h"
#include "trouble.h"
#include "wake.h"

#define FIRST_BACKOFF_MS 2
#define LAST_BACKOFF_MS	 1000
// A connection that ends earlier, without a link, makes the next one wait longer.
#define SHORT_MS 100
// How long a front end may keep the thread busy at once, in us. A tenth of the time that passes comes back.
#define BUDGET_US 100000
#define SHARE	  10
// A front end that weft had to stop waits twice as long each time, until it has behaved for so long.
#define LONGEST_PENALTY_MS 60000
// How soon to look again at a connection that waits.
#define PAUSE_MS  10
#define SPREAD_MS 256
#define EVENTS	  64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // for all below, and all that the ports have of the thread's
static struct vhost_port *ports;
static int epoll_fd = -1, folders_fd = -1;
static bool started;
static uint64_t look_at_ms;	      // when to look at all ports
static _Atomic unsigned int removals; // of ports: an event from before may be about a port that is gone

// Events carry the port that they are about, with the lowest bit set if it is about its listening socket; or one of these.
static char wake_event, folders_event;

static void
try_again_soon(struct vhost_port *port)
{
	port->backoff_ms = FIRST_BACKOFF_MS;
	port->next_try_ms = 0;
}

static int
follow(int fd, void *what, uint32_t events, int how)
{
	struct epoll_event event = { .events = events, .data.ptr = what };

	return epoll_ctl(epoll_fd, how, fd, &event) ? -errno : 0;
}

// Has the thread wait for EVENTS at PORT's connection; 0: for none. Returns 0 or -errno.
static int
expect(struct vhost_port *port, uint32_t events)
{
	struct vhost_connection *c = port->connection;
	int ret = 0;

	if (events == c->events)
		return 0;
	ret = follow(c->fd, port, events, events == 0 ? EPOLL_CTL_DEL : c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD);
	c->events = events;
	return ret;
}

// Has the thread wait for connections at a server's socket, or not.
static void
listen_for(struct vhost_port *port, bool on)
{
	if (port->listener >= 0 && port->listens != on)
		follow(port->listener, (void *)((uintptr_t)port | 1), EPOLLIN, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL);
	port->listens = on;
}

// Whether PORT may keep the thread busy. Adds what has come back to its budget.
static bool
refill(struct vhost_port *port, uint64_t now_us)
{
	uint64_t back = (now_us - port->refilled_us) / SHARE;

	port->refilled_us += back * SHARE;
	port->left_us =
		(int64_t)RTE_MIN(port->left_us + (int64_t)RTE_MIN(back, (uint64_t)BUDGET_US), (int64_t)BUDGET_US);
	return port->left_us > 0;
}

static void
charge(struct vhost_port *port, uint64_t start_us)
{
	port->left_us -= (int64_t)(weft_clock_us() - start_us);
}

// Sets when a port whose connection has ended because of WHY, with BROKEN (enum vhost_fault), may be connected again.
static void
set_next_try(struct vhost_port *port, int why, uint8_t broken, uint64_t since, uint64_t now)
{
	if (broken) {
		if (now - port->offended_ms > LONGEST_PENALTY_MS)
			port->offences = 0;
		port->offended_ms = now;
		port->next_try_ms = now + RTE_MIN((uint64_t)LAST_BACKOFF_MS << RTE_MIN(port->offences++, 16u),
						  (uint64_t)LONGEST_PENALTY_MS);
	} else if (why != -ECONNRESET) {
		port->next_try_ms = now + LAST_BACKOFF_MS;
	} else if (now - since < SHORT_MS && !port->was_up) {
		port->next_try_ms = now + port->backoff_ms;
		port->backoff_ms = RTE_MIN(port->backoff_ms * 2, (uint32_t)LAST_BACKOFF_MS);
	} else {
		try_again_soon(port);
	}
}

// Ends the connection: the workers leave the rings, and all that the front end gave is given up.
static void
end_connection(struct vhost_port *port, int why)
{
	struct vhost_trash *trash = vhost_trash_new();
	uint8_t broken = atomic_load(&port->broken);
	uint64_t since = port->connection->since_ms;

	vhost_device_suspend(port);
	vhost_device_reset(port, trash);
	vhost_device_resume(port);
	expect(port, 0);
	vhost_connection_free(port->connection, trash);
	port->connection = NULL;
	vhost_trash_out(trash, &port->trash);
	set_next_try(port, why, broken, since, weft_clock_ms());
	listen_for(port, false);
	look_at_ms = 0;
}

static void
begin_connection(struct vhost_port *port, int fd)
{
	port->was_up = false;
	port->connection = vhost_connection_new(port, fd, weft_clock_ms());
	if (port->connection == NULL)
		close(fd);
	if (port->connection && expect(port, EPOLLIN) == 0)
		return;
	vhost_trouble_set(port, "no memory for a front end's connection");
	if (port->connection)
		end_connection(port, -ENOMEM);
}

// Server ports: a front end is at the listening socket. If it is the next one, it is accepted when the one before is done with.
static void
accept_one(struct vhost_port *port)
{
	struct vhost_trash *trash;
	int fd;

	if (port->connection && vhost_socket_is_over(port->connection->fd)) {
		end_connection(port, -ECONNRESET);
		return;
	}
	fd = vhost_socket_accept(port->listener);
	if (fd < 0)
		return;
	if (port->connection == NULL) {
		begin_connection(port, fd);
		return;
	}
	vhost_trouble_set(port, "a second guest connected to the socket and was refused");
	trash = vhost_trash_new();
	vhost_trash_fd(trash, fd);
	vhost_trash_out(trash, &port->trash);
	if (vhost_trash_waits(&port->trash))
		listen_for(port, false);
}

// Has a connection wait for the next event, or for its budget.
static void
arrange(struct vhost_port *port, uint64_t now_us)
{
	bool may = refill(port, now_us) && !vhost_trash_waits(&port->trash);

	expect(port, !may ? 0 : vhost_connection_waits(port->connection) ? EPOLLOUT : EPOLLIN);
	if (!may)
		look_at_ms = RTE_MIN(look_at_ms, now_us / 1000 + PAUSE_MS);
}

static void
end_broken(struct vhost_port *port)
{
	vhost_trouble_set(port, "the guest %s: its front end has to connect again",
		weft_ring_fault_text(atomic_load(&port->broken)));
	end_connection(port, -EFAULT);
}

static void
run_connection(struct vhost_port *port)
{
	int ret = vhost_connection_run(port->connection, weft_clock_ms());

	if (atomic_load(&port->broken))
		end_broken(port);
	else if (ret < 0)
		end_connection(port, ret);
}

// A port without a connection: connects it if its time has come. Returns when to look again, in ms; UINT64_MAX: when a front
// end comes to it.
static uint64_t
serve(struct vhost_port *port, uint64_t now_us)
{
	uint64_t now = now_us / 1000;
	int fd;

	if (vhost_trash_waits(&port->trash) || !refill(port, now_us))
		return now + PAUSE_MS;
	if (now < port->next_try_ms)
		return port->next_try_ms;
	if (port->server) {
		listen_for(port, true);
		return UINT64_MAX;
	}
	fd = vhost_socket_connect(port->path);
	if (fd >= 0) {
		begin_connection(port, fd);
		return port->connection ? UINT64_MAX : port->next_try_ms;
	}
	// The folder may be another one by now.
	if (fd == -ENOENT)
		vhost_socket_watch(folders_fd, port->path);
	// Thousands of ports do not try in the same millisecond.
	port->next_try_ms = now + port->backoff_ms;
	if (port->backoff_ms == LAST_BACKOFF_MS)
		port->next_try_ms += port->io->slot % SPREAD_MS;
	port->backoff_ms = RTE_MIN(port->backoff_ms * 2, (uint32_t)LAST_BACKOFF_MS);
	return port->next_try_ms;
}

// Looks at all ports: ends what is broken, lets those go on that had to wait, and connects those that are not connected.
static void
look_at_all(void)
{
	uint64_t now_us = weft_clock_us(), next = UINT64_MAX;

	look_at_ms = UINT64_MAX;
	for (struct vhost_port *port = ports; port; port = port->next) {
		if (port->connection && atomic_load(&port->broken))
			end_broken(port);
		if (port->connection && port->connection->events == 0)
			arrange(port, now_us);
		if (port->connection == NULL || (port->server && !port->listens))
			next = RTE_MIN(next, serve(port, now_us));
	}
	look_at_ms = RTE_MIN(look_at_ms, next);
}

// A socket's name has appeared in a folder: its port, if it is one's, need not wait any more.
static void
socket_appeared(const char *name)
{
	for (struct vhost_port *port = ports; port; port = port->next) {
		const char *base = strrchr(port->path, '/');

		if (strcmp(base ? base + 1 : port->path, name) == 0 && port->connection == NULL && port->offences == 0)
			try_again_soon(port);
	}
	look_at_ms = 0;
}

// The next event to handle: what is no connection's first, then the connection that has kept the thread busy least. One at a
// time, since handling one may end what another one is about; the others are reported again.
static const struct epoll_event *
pick(const struct epoll_event *events, int n)
{
	const struct epoll_event *best = NULL;
	int64_t most = INT64_MIN;

	for (int i = 0; i < n; i++) {
		const struct vhost_port *port = events[i].data.ptr;

		if (events[i].data.ptr == &wake_event || events[i].data.ptr == &folders_event || (uintptr_t)port & 1)
			return &events[i];
		if (port->left_us > most) {
			most = port->left_us;
			best = &events[i];
		}
	}
	return best;
}

static void
handle_port(struct vhost_port *port, bool listener)
{
	uint64_t start = weft_clock_us();

	if (listener)
		accept_one(port);
	else
		run_connection(port);
	charge(port, start);
	if (port->connection)
		arrange(port, weft_clock_us());
}

static void
handle(const struct epoll_event *event)
{
	struct vhost_port *port = event->data.ptr;

	if (event->data.ptr == &wake_event) {
		vhost_wake_clear();
		look_at_ms = 0;
	} else if (event->data.ptr == &folders_event) {
		vhost_socket_read_folders(folders_fd, socket_appeared);
	} else {
		handle_port((struct vhost_port *)((uintptr_t)port & ~(uintptr_t)1), (uintptr_t)port & 1);
	}
}

static void *
run(void *arg __rte_unused)
{
	int timeout = -1;

	for (;;) {
		struct epoll_event events[EVENTS];
		unsigned int seen = atomic_load(&removals);
		int n = epoll_wait(epoll_fd, events, EVENTS, timeout);
		uint64_t now;

		pthread_mutex_lock(&lock);
		if (n > 0 && seen == atomic_load(&removals))
			handle(pick(events, n));
		now = weft_clock_ms();
		if (now >= look_at_ms)
			look_at_all();
		timeout = look_at_ms == UINT64_MAX ? -1 : look_at_ms > now ? (int)(look_at_ms - now) : 0;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static int
start_thread(void)
{
	pthread_t thread;
	int wake_fd = vhost_wake_init(), ret;

	if (epoll_fd < 0)
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (folders_fd < 0)
		folders_fd = vhost_socket_folders();
	if (epoll_fd < 0 || wake_fd < 0 || folders_fd < 0)
		return -EMFILE;
	ret = follow(wake_fd, &wake_event, EPOLLIN, EPOLL_CTL_ADD);
	if (ret == 0 || ret == -EEXIST)
		ret = follow(folders_fd, &folders_event, EPOLLIN, EPOLL_CTL_ADD);
	if (ret && ret != -EEXIST)
		return ret;
	ret = pthread_create(&thread, NULL, run, NULL);
	if (ret)
		return -ret;
	pthread_setname_np(thread, "weft-frontends");
	pthread_detach(thread);
	return 0;
}

static int
start(void)
{
	int ret = started ? 0 : start_thread();

	if (ret || started)
		return ret;
	started = true;
	vhost_guard_init();
	weft_call_init();
	return 0;
}

int
vhost_frontends_add(struct vhost_port *port)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = start();
	if (ret == 0 && !port->server)
		ret = vhost_socket_watch(folders_fd, port->path);
	if (ret == 0) {
		try_again_soon(port);
		port->left_us = BUDGET_US;
		port->refilled_us = weft_clock_us();
		port->next = ports;
		ports = port;
		look_at_ms = 0;
	}
	pthread_mutex_unlock(&lock);
	if (ret == 0)
		vhost_wake();
	return ret;
}

void
vhost_frontends_remove(struct vhost_port *port)
{
	struct vhost_trash *trash = port->listener >= 0 ? vhost_trash_new() : NULL;

	pthread_mutex_lock(&lock);
	for (struct vhost_port **p = &ports; *p; p = &(*p)->next) {
		if (*p == port) {
			*p = port->next;
			break;
		}
	}
	atomic_fetch_add(&removals, 1);
	if (port->connection)
		end_connection(port, -ECONNRESET);
	listen_for(port, false);
	vhost_trash_fd(trash, port->listener);
	port->listener = -1;
	vhost_trash_out(trash, &port->trash);
	vhost_trash_forget(&port->trash);
	pthread_mutex_unlock(&lock);
}

bool
vhost_frontends_use(const char *path)
{
	const struct vhost_port *port;

	pthread_mutex_lock(&lock);
	port = ports;
	while (port && strcmp(port->path, path))
		port = port->next;
	pthread_mutex_unlock(&lock);
	return port != NULL;
}

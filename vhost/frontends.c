// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "frontends.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "weft/clock.h"

#include "vhost/rings/call.h"

#include "agenda.h"
#include "connection.h"
#include "device.h"
#include "guard.h"
#include "names.h"
#include "pace.h"
#include "port.h"
#include "socket.h"
#include "stall.h"
#include "trash.h"
#include "trouble.h"
#include "wake.h"

// How soon to look again at a connection that waits for its budget; and the longest for what it is rid of.
#define PAUSE_MS      10
#define LAST_PAUSE_MS 64
#define EVENTS	      64
// Thousands of ports whose time has come do not keep the connections waiting.
#define TURN_US 1000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // for all below, and all that the ports have of the thread's
static int epoll_fd = -1, folders_fd = -1;
static bool started;
static sem_t ready;		      // the thread is
static _Atomic unsigned int removals; // of ports: an event that came before may be about a port that is gone

// Events carry the port that they are about, with the lowest bit set if it is about its listening socket; or one of these.
static char wake_event, folders_event;

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

// Ends the connection: the workers leave the rings, and all that the front end gave is given up.
static void
end_connection(struct vhost_port *port, int why)
{
	struct vhost_trash *trash = vhost_trash_new();
	uint64_t since = port->connection->since_ms;
	uint8_t broken;

	vhost_device_suspend(port);
	// Workers may find out until now, also after the front end has gone.
	broken = atomic_load(&port->broken);
	if (broken)
		vhost_trouble_set(
			port, "the guest %s: its front end has to connect again", weft_ring_fault_text(broken));
	vhost_device_reset(port, trash);
	vhost_device_resume(port);
	expect(port, 0);
	vhost_connection_free(port->connection, trash);
	port->connection = NULL;
	vhost_trash_out(trash, &port->trash);
	vhost_pace_ended(port, why, broken, since, weft_clock_ms());
	listen_for(port, false);
	port->pause_ms = 0;
	vhost_agenda_set(port, 0);
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

static void
refuse_second(struct vhost_port *port, int fd)
{
	struct vhost_trash *trash = vhost_trash_new();

	vhost_trouble_set(port, "a second guest connected to the socket and was refused");
	vhost_trash_fd(trash, fd);
	vhost_trash_out(trash, &port->trash);
	if (vhost_trash_waits(&port->trash))
		listen_for(port, false);
}

// Server ports: a front end is at the listening socket. If it is the next one, it is accepted when the one before is done with.
static void
accept_one(struct vhost_port *port)
{
	int fd;

	if (port->connection && vhost_socket_is_over(port->connection->fd)) {
		end_connection(port, -ECONNRESET);
		return;
	}
	fd = vhost_socket_accept(port->listener);
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS) {
		// The socket would be ready again at once.
		vhost_pace_ended(port, vhost_trouble_fds(port), VHOST_FAULT_NONE, 0, weft_clock_ms());
		listen_for(port, false);
	} else if (fd >= 0 && port->connection) {
		refuse_second(port, fd);
	} else if (fd >= 0) {
		begin_connection(port, fd);
	}
}

static void
run_connection(struct vhost_port *port)
{
	int ret = vhost_connection_run(port->connection, weft_clock_ms());

	if (ret < 0 || atomic_load(&port->broken))
		end_connection(port, ret < 0 ? ret : -EFAULT);
}

// For how many ms PORT has to wait before the thread does anything for it; 0: it need not.
static uint64_t
pause_of(struct vhost_port *port, uint64_t now_us)
{
	bool may = vhost_pace_allows(port, now_us);

	if (!vhost_trash_waits(&port->trash))
		port->pause_ms = 0;
	else
		port->pause_ms = RTE_MIN(RTE_MAX(2 * port->pause_ms, 1u), (uint32_t)LAST_PAUSE_MS);
	return may ? port->pause_ms : PAUSE_MS;
}

// A port without a connection, or that does not listen, and need not pause: connects it if its time has come. Returns when to look
// again, in ms; VHOST_NEVER: when a front end comes to it.
static uint64_t
serve(struct vhost_port *port, uint64_t now)
{
	bool watched = false;
	int fd;

	if (now < port->next_try_ms)
		return port->next_try_ms;
	if (port->server) {
		listen_for(port, true);
		return VHOST_NEVER;
	}
	fd = vhost_socket_connect(port->path);
	// The folder may be another one by now, and the socket may have appeared before it was watched.
	if (fd == -ENOENT && (watched = vhost_socket_watch(folders_fd, port->path) == 0)) {
		fd = vhost_socket_connect(port->path);
		watched = fd == -ENOENT;
	}
	if (fd >= 0) {
		begin_connection(port, fd);
		return port->connection ? VHOST_NEVER : port->next_try_ms;
	}
	if (fd == -EMFILE)
		vhost_trouble_fds(port);
	vhost_pace_missed(port, now, watched);
	return port->next_try_ms;
}

// Ends what is broken, sets the link, lets a connection go on or has it wait, connects what is not connected.
static void
look_at(struct vhost_port *port)
{
	uint64_t now_us = weft_clock_us(), now = now_us / 1000, pause, due;

	if (port->connection && atomic_load(&port->broken))
		end_connection(port, -EFAULT);
	vhost_device_set_link(port);
	pause = pause_of(port, now_us);
	due = pause ? now + pause : VHOST_NEVER;
	if (port->connection)
		expect(port, pause ? 0 : vhost_connection_waits(port->connection) ? EPOLLOUT : EPOLLIN);
	if (pause == 0 && (port->connection == NULL || (port->server && !port->listens)))
		due = serve(port, now);
	vhost_agenda_set(port, due);
}

static void
take_flagged(void)
{
	struct vhost_port *port = vhost_wake_take(), *next;

	for (; port; port = next) {
		next = port->next_flagged;
		atomic_store(&port->flagged, false);
		vhost_agenda_set(port, 0);
	}
}

static void
look_at_due(void)
{
	uint64_t start = weft_clock_us();
	struct vhost_port *port;

	for (uint64_t now = start; now - start < TURN_US; now = weft_clock_us()) {
		port = vhost_agenda_take(start / 1000);
		if (port == NULL)
			break;
		look_at(port);
		vhost_pace_charge(port, now);
	}
}

static void
hurry(struct vhost_port *port)
{
	if (port->connection || port->server)
		return;
	vhost_pace_hurry(port);
	vhost_agenda_set(port, 0);
}

// A socket's name has appeared in a folder: its port, if it is one's, need not wait any more. NULL: any may have appeared.
static void
socket_appeared(const char *name)
{
	struct vhost_port *port = NULL;

	if (name == NULL)
		vhost_names_each(hurry);
	while (name && (port = vhost_names_next(port, name)))
		hurry(port);
}

// The next event to handle: what is no connection's first, then the connection that has kept the thread busy least. One at a
// time, since handling one may end what another one is about; the others are reported again.
static const struct epoll_event *
pick(const struct epoll_event *events, int n)
{
	static bool folders_were_last;
	const struct epoll_event *best = NULL, *folders = NULL;
	int64_t most = INT64_MIN;

	for (int i = 0; i < n; i++) {
		const struct vhost_port *port = events[i].data.ptr;

		if (events[i].data.ptr == &wake_event || (events[i].data.ptr != &folders_event && (uintptr_t)port & 1))
			return &events[i];
		if (events[i].data.ptr == &folders_event) {
			folders = &events[i];
			continue;
		}
		if (port->left_us > most) {
			most = port->left_us;
			best = &events[i];
		}
	}
	// Whoever may write to a folder may keep it busy.
	folders_were_last = folders && (best == NULL || !folders_were_last);
	return folders_were_last ? folders : best;
}

static void
handle_port(struct vhost_port *port, bool listener)
{
	uint64_t start = weft_clock_us();

	if (listener)
		accept_one(port);
	else
		run_connection(port);
	vhost_pace_charge(port, start);
	start = weft_clock_us();
	look_at(port);
	vhost_pace_charge(port, start);
}

static void
handle(const struct epoll_event *event)
{
	struct vhost_port *port = event->data.ptr;

	if (event->data.ptr == &wake_event) {
		vhost_wake_clear();
		take_flagged();
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

	vhost_stall_enlist();
	sem_post(&ready);
	for (;;) {
		struct epoll_event events[EVENTS];
		unsigned int seen = atomic_load(&removals);
		int n = epoll_wait(epoll_fd, events, EVENTS, timeout);
		uint64_t now, next;

		pthread_mutex_lock(&lock);
		if (n > 0 && seen == atomic_load(&removals))
			handle(pick(events, n));
		look_at_due();
		now = weft_clock_ms();
		next = vhost_agenda_next();
		timeout = next == VHOST_NEVER ? -1 : next > now ? (int)(next - now) : 0;
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
	sem_init(&ready, 0, 0);
	ret = pthread_create(&thread, NULL, run, NULL);
	if (ret)
		return -ret;
	sem_wait(&ready); // what it needs is open
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
	vhost_stall_init();
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
		vhost_pace_init(port, weft_clock_us());
		vhost_names_add(port);
		vhost_agenda_set(port, 0);
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
	vhost_names_remove(port);
	if (port->connection)
		end_connection(port, -ECONNRESET);
	listen_for(port, false);
	vhost_trash_fd(trash, port->listener);
	port->listener = -1;
	vhost_trash_out(trash, &port->trash);
	vhost_trash_forget(&port->trash);
	take_flagged();
	vhost_agenda_set(port, VHOST_NEVER);
	// Last: whoever sees the new number waits for events when there can be none about PORT.
	atomic_fetch_add(&removals, 1);
	pthread_mutex_unlock(&lock);
}

bool
vhost_frontends_use(const char *path)
{
	const char *name = vhost_names_base(path);
	const struct vhost_port *port;

	pthread_mutex_lock(&lock);
	port = vhost_names_next(NULL, name);
	while (port && strcmp(port->path, path))
		port = vhost_names_next(port, name);
	pthread_mutex_unlock(&lock);
	return port != NULL;
}

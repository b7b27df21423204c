// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "tests/harness/lone_port.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost/connection.h"
#include "vhost/device.h"
#include "vhost/pace.h"
#include "vhost/trash.h"
#include "vhost/wake.h"
#include "weft/log.h"

struct vhost_port *
lone_port_open(struct weft_portio *io, const char *name)
{
	struct vhost_port *port = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*port));

	if (port == NULL || vhost_wake_init() < 0)
		abort();
	rte_log_set_level((uint32_t)weft_logtype, RTE_LOG_CRIT);
	memset(port, 0, sizeof(*port));
	port->io = io;
	port->max_queues = WEFT_MAX_QUEUE_PAIRS;
	port->listener = -1;
	for (unsigned int i = 0; i < VHOST_N_RINGS; i++)
		port->vrings[i].call = -1;
	snprintf(port->name, sizeof(port->name), "%s", name);
	pthread_mutex_init(&port->error_lock, NULL);
	io->priv = port;
	vhost_pace_init(port, 0);
	return port;
}

int
lone_port_connect(struct vhost_port *port, uint64_t now_ms)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	port->connection = vhost_connection_new(port, pair[1], now_ms);
	if (port->connection == NULL)
		abort();
	return pair[0];
}

void
lone_port_end(struct vhost_port *port)
{
	struct vhost_trash *trash = vhost_trash_new();

	vhost_device_suspend(port);
	vhost_device_reset(port, trash);
	vhost_device_resume(port);
	vhost_connection_free(port->connection, trash);
	port->connection = NULL;
	vhost_trash_out(trash, &port->trash);
}

bool
lone_port_settle(struct vhost_port *port)
{
	struct pollfd wake = { .fd = vhost_wake_init(), .events = POLLIN };

	for (unsigned int i = 0; i < 5000; i++) {
		vhost_wake_clear();
		vhost_trash_waits(&port->trash);
		if (port->trash == NULL)
			return true;
		poll(&wake, 1, 1);
	}
	return false;
}

void
lone_port_close(struct vhost_port *port)
{
	pthread_mutex_destroy(&port->error_lock);
	free(port);
}

ssize_t
send_with_fds(int sock, const void *bytes, size_t size, const int *fds, unsigned int n)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(VHOST_FDS_AT_ONCE * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(n * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
		};
		memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

unsigned int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

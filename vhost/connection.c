// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/clock.h"

#include "device.h"
#include "port.h"
#include "request.h"
#include "trash.h"
#include "trouble.h"

// A front end that has sent much does not keep the others waiting for longer than this.
#define RUN_US 200

struct vhost_connection *
vhost_connection_new(struct vhost_port *port, int fd, uint64_t now_ms)
{
	struct vhost_connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = fd;
	c->port = port;
	c->since_ms = now_ms;
	atomic_store(&port->quiet, 2 * now_ms);
	return c;
}

static void
drop_fds(struct vhost_message *m, struct vhost_trash *trash)
{
	while (m->n_fds)
		vhost_trash_fd(trash, m->fds[--m->n_fds]);
}

void
vhost_connection_free(struct vhost_connection *c, struct vhost_trash *trash)
{
	if (c == NULL)
		return;
	drop_fds(&c->in, trash);
	drop_fds(&c->out, trash);
	for (unsigned int i = 0; i < c->n_extra; i++)
		vhost_trash_fd(trash, c->extra[i]);
	vhost_trash_fd(trash, c->fd);
	atomic_store(&c->port->quiet, 0);
	free(c);
}

static void
refill(struct vhost_port *port, uint64_t now_ms)
{
	int64_t ms = (int64_t)RTE_MIN(now_ms - port->counted_ms, UINT64_C(1000));

	port->counted_ms = now_ms;
	port->messages_left =
		RTE_MIN(port->messages_left + ms * VHOST_BUDGET_MESSAGES / 1000, (int64_t)VHOST_BUDGET_MESSAGES);
	port->fds_left = RTE_MIN(port->fds_left + ms * VHOST_BUDGET_FDS / 1000, (int64_t)VHOST_BUDGET_FDS);
}

// Notes the descriptors that came with a part of a message. -EPROTO: more than a message may have; -EMFILE: the kernel closed
// some, since weftd may have no more.
static int
take_fds(struct vhost_connection *c, const struct msghdr *msg)
{
	int ret = msg->msg_flags & MSG_CTRUNC ? -EMFILE : 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg;
		cmsg = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, cmsg)) {
		const unsigned char *data = CMSG_DATA(cmsg);
		size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
			c->port->fds_left--;
			if (c->in.n_fds < VHOST_MAX_FDS) {
				c->in.fds[c->in.n_fds++] = fd;
			} else if (c->n_extra < VHOST_FDS_AT_ONCE) {
				c->extra[c->n_extra++] = fd;
				ret = -EPROTO;
			} else {
				close(fd);
				ret = -EPROTO;
			}
		}
	}
	return ret;
}

// Receives up to SIZE bytes at TO. Returns how many came; -EAGAIN: none yet; else the connection has to end.
static ssize_t
receive(struct vhost_connection *c, void *to, size_t size)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(VHOST_FDS_AT_ONCE * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = to, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int ret;

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	ret = take_fds(c, &msg);
	if (ret == -EMFILE)
		return vhost_trouble_fds(c->port);
	if (ret)
		return vhost_refuse(c->port, EPROTO, "sent more than %u descriptors with a message", VHOST_MAX_FDS);
	return n ? n : -ECONNRESET;
}

// Receives on, header first, then payload. Returns 1: IN is a whole message; 0: more is to come; -errno.
static int
receive_message(struct vhost_connection *c)
{
	size_t header = sizeof(c->in.header), want;
	ssize_t n;

	if (c->got < header) {
		n = receive(c, (uint8_t *)&c->in.header + c->got, header - c->got);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		c->got += (size_t)n;
		if (c->got < header)
			return 0;
		if ((c->in.header.flags & (VHOST_VERSION_MASK | VHOST_REPLY)) != VHOST_VERSION)
			return vhost_refuse(c->port, EPROTO, "sent a message of another version, or an answer");
		if (c->in.header.size > sizeof(c->in.payload))
			return vhost_refuse(c->port, EPROTO, "sent %s (request %u) with %u bytes",
				vhost_request_name(c->in.header.request), c->in.header.request, c->in.header.size);
		memset(&c->in.payload, 0, sizeof(c->in.payload));
	}
	want = header + c->in.header.size;
	if (c->got < want) {
		n = receive(c, (uint8_t *)&c->in.payload + (c->got - header), want - c->got);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		c->got += (size_t)n;
	}
	return c->got == want;
}

// Sends on. Returns 0, also when the socket takes no more now; -errno: the connection has to end.
static int
send_answer(struct vhost_connection *c)
{
	size_t header = sizeof(c->out.header);
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };

	while (c->out_done < c->out_size) {
		bool in_header = c->out_done < header;
		struct iovec iov[2] = { { (uint8_t *)&c->out.header + c->out_done, header - c->out_done },
			{ &c->out.payload, c->out.header.size } };
		struct iovec rest = { (uint8_t *)&c->out.payload + (c->out_done - header), c->out_size - c->out_done };
		struct msghdr msg = { .msg_iov = in_header ? iov : &rest, .msg_iovlen = in_header ? 2 : 1 };
		ssize_t n;

		if (c->out.n_fds && c->out_done == 0) {
			msg.msg_control = &control;
			msg.msg_controllen = sizeof(control);
			control.header = (struct cmsghdr){
				.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
			};
			memcpy(CMSG_DATA(&control.header), &c->out.fds[0], sizeof(int));
		}
		n = sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -ECONNRESET;
		c->out_done += (size_t)n;
	}
	// An answer has at most one descriptor, which weft has made.
	while (c->out.n_fds)
		close(c->out.fds[--c->out.n_fds]);
	c->out_size = 0;
	return 0;
}

static int
handle(struct vhost_connection *c)
{
	int ret;

	c->got = 0;
	atomic_store(&c->port->quiet, 0);
	if (!c->heard)
		vhost_trouble_is_old(c->port);
	c->heard = true;
	if (--c->port->messages_left < 0 || c->port->fds_left < 0)
		return vhost_refuse(c->port, EBUSY, "sent more than %u messages or %u descriptors in a second",
			VHOST_BUDGET_MESSAGES, VHOST_BUDGET_FDS);
	ret = vhost_request_handle(c->port, &c->in);
	if (ret <= 0)
		return ret;
	c->out = c->in;
	c->in.n_fds = 0;
	c->out.header.flags = VHOST_VERSION | VHOST_REPLY;
	c->out_size = sizeof(c->out.header) + c->out.header.size;
	c->out_done = 0;
	// What the answer says is true when the front end reads it.
	vhost_device_resume(c->port);
	return send_answer(c);
}

int
vhost_connection_run(struct vhost_connection *c, uint64_t now_ms)
{
	const struct vhost_trash *trash = c->port->trash;
	uint64_t start = weft_clock_us();
	int ret = c->out_size ? send_answer(c) : 0;

	refill(c->port, now_ms);
	while (ret == 0 && c->out_size == 0) {
		ret = receive_message(c);
		if (ret <= 0)
			break;
		ret = handle(c);
		// What a message has left to throw away is thrown away before the next one leaves more.
		if (weft_clock_us() - start >= RUN_US || c->port->trash != trash)
			break;
	}
	if (c->got && !(atomic_load(&c->port->quiet) & 1))
		atomic_store(&c->port->quiet, 2 * now_ms + 1);
	vhost_device_resume(c->port);
	return ret;
}

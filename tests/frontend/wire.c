// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "wire.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// weft waits so long before it connects again to a front end that it ended.
#define PAUSE_MS 1050

struct wire_sums wire_sums;
unsigned int wire_patience_ms = 20000;

uint64_t
wire_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int
make_socket(const char *path, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(addr->sun_path, sizeof(addr->sun_path), "%s", path);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void
door_listen(struct door *door)
{
	struct sockaddr_un addr;

	unlink(door->path);
	door->listener = make_socket(door->path, &addr);
	if (bind(door->listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(door->listener, 4))
		err(1, "%s", door->path);
}

static int
wait_for(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un addr;

	for (unsigned int i = 0; i < wire_patience_ms / 2; i++) {
		int fd = make_socket(path, &addr);

		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
			return fd;
		close(fd);
		usleep(2000);
	}
	return -1;
}

bool
wire_open(struct wire *w, struct door *door)
{
	*w = (struct wire){ .sock = -1, .fd = -1, .door = door };
	if (!door->client)
		w->sock = connect_to(door->path);
	else if (wait_for(door->listener, POLLIN, (int)wire_patience_ms) == 1)
		w->sock = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	w->over = w->sock < 0;
	w->silent = w->over;
	atomic_fetch_add(&wire_sums.connections, !w->over);
	atomic_fetch_add(&wire_sums.silent, w->over);
	return !w->over;
}

void
wire_close(struct wire *w)
{
	uint64_t now = wire_clock_us() / 1000;

	if (w->sock < 0)
		return;
	close(w->sock);
	if (w->fd >= 0)
		close(w->fd);
	w->sock = w->fd = -1;
	w->door->free = w->over || w->door->client ? now + PAUSE_MS : now + 5;
	atomic_fetch_add(&wire_sums.ended, w->over);
}

static void
take_fds(struct wire *w, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; c->cmsg_type == SCM_RIGHTS && i < n; i++) {
			if (w->fd >= 0)
				close(w->fd);
			memcpy(&w->fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
		}
	}
}

// Reads on. Returns 1: an answer is whole; 0: no more has come; -1: the connection is over.
static int
read_on(struct wire *w)
{
	char control[CMSG_SPACE(8 * sizeof(int))];
	size_t header = sizeof(w->got);

	for (;;) {
		bool head = w->n_got < header;
		struct iovec iov = { head ? (uint8_t *)&w->got + w->n_got : w->answer.bytes + (w->n_got - header),
			head ? header - w->n_got : header + w->got.size - w->n_got };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
		};
		ssize_t n = iov.iov_len ? recvmsg(w->sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) : 0;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0 || (n == 0 && iov.iov_len))
			return -1;
		if (iov.iov_len)
			take_fds(w, &msg);
		w->n_got += (size_t)n;
		if (w->n_got >= header && w->got.size > sizeof(w->answer))
			errx(1, "weft's answer has %u bytes", w->got.size);
		if (w->n_got == header + w->got.size) {
			w->n_got = 0;
			w->answered = w->got.request;
			atomic_fetch_add(&wire_sums.answers, 1);
			return 1;
		}
	}
}

bool
wire_drain(struct wire *w)
{
	int ret;

	if (w->over)
		return false;
	while ((ret = read_on(w)) > 0)
		;
	w->over = ret < 0;
	return !w->over;
}

bool
wire_wait(struct wire *w, uint32_t request)
{
	uint64_t end = wire_clock_us() + UINT64_C(1000) * wire_patience_ms;

	if (w->silent)
		return false;
	while (!w->over) {
		int ret = read_on(w);

		if (ret > 0 && w->answered == request)
			return true;
		if (ret)
			w->over |= ret < 0;
		else if (wait_for(w->sock, POLLIN, 100) == 0 && wire_clock_us() > end)
			break;
	}
	w->silent = !w->over;
	atomic_fetch_add(&wire_sums.silent, w->silent);
	return false;
}

bool
wire_write(struct wire *w, const void *data, size_t len, const int *fds, unsigned int n)
{
	char control[CMSG_SPACE(253 * sizeof(int))];
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint64_t end = 0;

	if (n) {
		struct cmsghdr *c;

		memset(control, 0, CMSG_SPACE(n * sizeof(int)));
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	while (!w->over && !w->silent && iov.iov_len) {
		ssize_t done = sendmsg(w->sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done >= 0) {
			iov.iov_base = (uint8_t *)iov.iov_base + done;
			iov.iov_len -= (size_t)done;
			msg.msg_controllen = 0;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR && errno != ETOOMANYREFS) {
			w->over = true;
			break;
		}
		// weft does not read on until its answers are read.
		if (end == 0)
			end = wire_clock_us() + UINT64_C(1000) * wire_patience_ms;
		wire_drain(w);
		wait_for(w->sock, POLLIN | POLLOUT, 20);
		w->silent = wire_clock_us() > end;
		atomic_fetch_add(&wire_sums.silent, w->silent);
	}
	return !w->over && !w->silent;
}

bool
wire_send(struct wire *w, uint32_t request, uint32_t flags, const void *payload, uint32_t size, const int *fds,
	unsigned int n)
{
	uint8_t whole[sizeof(struct vhost_header) + 4096];
	const struct vhost_header header = { request, flags, size };
	uint32_t here = size < 4096 ? size : 4096;

	memcpy(whole, &header, sizeof(header));
	memset(whole + sizeof(header), 0, here);
	if (payload)
		memcpy(whole + sizeof(header), payload,
			here < sizeof(union vhost_payload) ? here : sizeof(union vhost_payload));
	atomic_fetch_add(&wire_sums.messages, 1);
	return wire_write(w, whole, sizeof(header) + here, fds, n);
}

bool
wire_probe(struct wire *w)
{
	return wire_send(w, VHOST_GET_FEATURES, VHOST_VERSION, NULL, 0, NULL, 0) && wire_wait(w, VHOST_GET_FEATURES);
}

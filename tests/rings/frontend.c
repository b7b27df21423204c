// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The vhost-user protocol from the front end's side (QEMU, docs/interop/vhost-user.rst).
#include <errno.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vhost.h>

#include "frontend.h"

#define UVA	      0x7000000000ULL
#define PROTOCOL_BIT  30
#define F_REPLY_ACK   3
#define F_INFLIGHT    12
#define FLAG_VERSION  1
#define FLAG_NEED_ACK 8

enum {
	GET_FEATURES = 1,
	SET_FEATURES,
	SET_OWNER,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR,
	SET_VRING_BASE,
	GET_VRING_BASE,
	SET_VRING_KICK,
	SET_VRING_CALL,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES,
	SET_VRING_ENABLE = 18,
	GET_INFLIGHT_FD = 31,
	SET_INFLIGHT_FD
};

struct inflight {
	uint64_t size, offset;
	uint16_t queues, queue_size;
};

struct message {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct vhost_vring_state state;
		struct vhost_vring_addr addr;
		struct {
			uint32_t n, padding;
			uint64_t gpa, size, uva, offset;
		} memory;
		struct inflight inflight;
	} __attribute__((packed));
} __attribute__((packed));

#define HEAD 12

static int
send_message(struct frontend *f, struct message *m, uint32_t request, uint32_t size, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { m, HEAD + size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	m->request = request;
	m->flags |= FLAG_VERSION;
	m->size = size;
	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_len = CMSG_LEN(sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(f->sock, &msg, MSG_NOSIGNAL) == (ssize_t)(HEAD + size) ? 0 : -1;
}

// Waits for the answer to REQUEST, and a descriptor that comes with it.
static int
receive(struct frontend *f, struct message *m, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { m, HEAD };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;

	if (recvmsg(f->sock, &msg, MSG_WAITALL) != HEAD || m->size > sizeof(*m) - HEAD)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (fd && c)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return recv(f->sock, (uint8_t *)m + HEAD, m->size, MSG_WAITALL) == (ssize_t)m->size ? 0 : -1;
}

static int
ask(struct frontend *f, struct message *m, uint32_t request, uint32_t size)
{
	return send_message(f, m, request, size, -1) ? -1 : receive(f, m, NULL);
}

// Sends what has no answer, and waits until the switch has done it.
static int
tell(struct frontend *f, struct message *m, uint32_t request, uint32_t size, int fd)
{
	m->flags = FLAG_NEED_ACK;
	if (send_message(f, m, request, size, fd) || receive(f, m, NULL))
		return -1;
	errno = EPROTO;
	return m->u64 ? -1 : 0;
}

void
frontend_init(struct frontend *f, const char *path, uint64_t features, uint16_t ring_size, bool inflight)
{
	size_t rings = (DRIVER_BYTES(ring_size) + 4095) & ~(size_t)4095;

	memset(f, 0, sizeof(*f));
	snprintf(f->path, sizeof(f->path), "%s", path);
	f->sock = f->inflight_fd = -1;
	f->features = features | 1ULL << PROTOCOL_BIT;
	f->ring_size = ring_size;
	f->inflight = inflight;
	f->data = FRONTEND_LEAD + 2 * rings;
	f->size = f->data + FRONTEND_PAGES * 4096;
	f->memory_fd = memfd_create("guest", MFD_CLOEXEC);
	if (f->memory_fd < 0 || ftruncate(f->memory_fd, (off_t)f->size))
		err(1, "guest memory");
	f->base = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, f->memory_fd, 0);
	if (f->base == MAP_FAILED)
		err(1, "guest memory");
	for (unsigned int i = 0; i < 2; i++) {
		size_t at = FRONTEND_LEAD + i * rings;

		driver_init(&f->ring[i], f->base + at, FRONTEND_GPA + at, ring_size, features, i == 0);
		f->call[i] = eventfd(0, EFD_NONBLOCK);
		f->kick[i] = eventfd(0, EFD_NONBLOCK);
	}
}

static int
keep_inflight(struct frontend *f)
{
	struct message m = { 0 };

	m.inflight = (struct inflight){ 0, 0, 2, f->ring_size };
	if (f->inflight_fd < 0) {
		if (send_message(f, &m, GET_INFLIGHT_FD, sizeof(m.inflight), -1) || receive(f, &m, &f->inflight_fd))
			return -1;
		f->inflight_size = m.inflight.size;
	}
	memset(&m, 0, sizeof(m));
	m.inflight = (struct inflight){ f->inflight_size, 0, 2, f->ring_size };
	return tell(f, &m, SET_INFLIGHT_FD, sizeof(m.inflight), f->inflight_fd);
}

// Where the switch is to go on. A split ring's used index is in memory. A packed ring's place only the switch knows;
// with in-flight pages it finds it there, and we say what a front end says that knows nothing.
static uint32_t
base_of(const struct frontend *f, const struct driver *d)
{
	if (!(d->features >> VIRTIO_F_RING_PACKED & 1))
		return d->used->idx;
	return f->inflight ? 1u << 15 : d->next_used | (uint32_t)d->used_wrap << 15;
}

static int
start_ring(struct frontend *f, uint32_t i)
{
	struct driver *d = &f->ring[i];
	uint64_t at = UVA + (uint64_t)(d->base - f->base);
	struct message m = { 0 };

	m.state = (struct vhost_vring_state){ i, f->ring_size };
	if (tell(f, &m, SET_VRING_NUM, sizeof(m.state), -1))
		return -1;
	memset(&m, 0, sizeof(m));
	m.state = (struct vhost_vring_state){ i, base_of(f, d) };
	if (tell(f, &m, SET_VRING_BASE, sizeof(m.state), -1))
		return -1;
	memset(&m, 0, sizeof(m));
	m.addr = (struct vhost_vring_addr){ .index = i,
		.desc_user_addr = at,
		.avail_user_addr = at + (uint64_t)((uint8_t *)d->avail - d->base),
		.used_user_addr = at + (uint64_t)((uint8_t *)d->used - d->base) };
	if (tell(f, &m, SET_VRING_ADDR, sizeof(m.addr), -1))
		return -1;
	memset(&m, 0, sizeof(m));
	m.u64 = i;
	if (tell(f, &m, SET_VRING_CALL, sizeof(m.u64), f->call[i]))
		return -1;
	memset(&m, 0, sizeof(m));
	m.u64 = i;
	return tell(f, &m, SET_VRING_KICK, sizeof(m.u64), f->kick[i]);
}

static int
negotiate(struct frontend *f)
{
	struct message m = { 0 };

	if (ask(f, &m, GET_FEATURES, 0))
		return -1;
	if (f->features & ~m.u64)
		errx(1, "the switch does not offer features 0x%llx", (unsigned long long)(f->features & ~m.u64));
	memset(&m, 0, sizeof(m));
	if (ask(f, &m, GET_PROTOCOL_FEATURES, 0))
		return -1;
	if (f->inflight && !(m.u64 >> F_INFLIGHT & 1))
		errx(1, "the switch offers no in-flight pages");
	memset(&m, 0, sizeof(m));
	m.u64 = 1ULL << F_REPLY_ACK | (f->inflight ? 1ULL << F_INFLIGHT : 0);
	if (send_message(f, &m, SET_PROTOCOL_FEATURES, sizeof(m.u64), -1))
		return -1;
	memset(&m, 0, sizeof(m));
	if (tell(f, &m, SET_OWNER, 0, -1))
		return -1;
	memset(&m, 0, sizeof(m));
	m.u64 = f->features;
	return tell(f, &m, SET_FEATURES, sizeof(m.u64), -1);
}

static int
set_up(struct frontend *f)
{
	struct message m = { 0 };

	if (negotiate(f))
		return -1;
	m.memory.n = 1;
	m.memory.gpa = FRONTEND_GPA;
	m.memory.size = f->size;
	m.memory.uva = UVA;
	if (tell(f, &m, SET_MEM_TABLE, sizeof(m.memory), f->memory_fd))
		return -1;
	// The rings exist for the switch from here on: in-flight pages are theirs.
	for (uint32_t i = 0; i < 2; i++) {
		memset(&m, 0, sizeof(m));
		m.state = (struct vhost_vring_state){ i, f->ring_size };
		if (tell(f, &m, SET_VRING_NUM, sizeof(m.state), -1))
			return -1;
	}
	if (f->inflight && keep_inflight(f))
		return -1;
	for (uint32_t i = 0; i < 2; i++)
		if (start_ring(f, i))
			return -1;
	for (uint32_t i = 0; i < 2; i++) {
		memset(&m, 0, sizeof(m));
		m.state = (struct vhost_vring_state){ i, 1 };
		if (tell(f, &m, SET_VRING_ENABLE, sizeof(m.state), -1))
			return -1;
	}
	return 0;
}

int
frontend_connect(struct frontend *f, unsigned int seconds)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f->path);
	for (unsigned int i = 0; i < seconds * 200; i++) {
		if (f->sock >= 0)
			close(f->sock);
		f->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(f->sock, (struct sockaddr *)&addr, sizeof(addr)) == 0 && set_up(f) == 0)
			return 0;
		usleep(5000);
	}
	return -1;
}

int
frontend_stop(struct frontend *f, uint16_t base[2])
{
	for (uint32_t i = 0; i < 2; i++) {
		struct message m = { 0 };

		m.state.index = i;
		if (ask(f, &m, GET_VRING_BASE, sizeof(m.state)))
			return -1;
		base[i] = (uint16_t)m.state.num;
	}
	return 0;
}

void
frontend_close(struct frontend *f)
{
	if (f->sock >= 0)
		close(f->sock);
	if (f->inflight_fd >= 0)
		close(f->inflight_fd);
	for (unsigned int i = 0; i < 2; i++) {
		close(f->call[i]);
		close(f->kick[i]);
	}
	munmap(f->base, f->size);
	close(f->memory_fd);
}

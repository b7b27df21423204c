// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "liar.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/lone_port.h"
#include "vhost/connection.h"

static unsigned int suspended; // how often workers had to leave the rings of any port

unsigned int
count_windows(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	unsigned int n = 0;
	char line[512], rights[8];

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3)
			n += strcmp(rights, "---p") == 0 && to - from >= 1UL << 32;
	}
	fclose(f);
	return n;
}

uint64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int
liar_file(uint64_t size)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void
quiesce(void)
{
	suspended++;
}

void
liar_open(struct liar *l)
{
	memset(l, 0, sizeof(*l));
	l->io.quiesce = quiesce;
	l->port = lone_port_open(&l->io, "liar");
	l->fds = count_fds();
	l->memory_fd = memfd_create("guest", MFD_CLOEXEC);
	assert_true(l->memory_fd >= 0);
	assert_int_equal(ftruncate(l->memory_fd, LIAR_SIZE), 0);
	l->memory = mmap(NULL, LIAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, l->memory_fd, 0);
	assert_ptr_not_equal(l->memory, MAP_FAILED);
	l->sock = lone_port_connect(l->port, 0);
}

void
liar_settle(struct liar *l)
{
	assert_true(lone_port_settle(l->port));
}

void
liar_close(struct liar *l)
{
	if (l->port->connection)
		lone_port_end(l->port);
	liar_settle(l);
	assert_false(atomic_load(&l->io.link));
	if (l->sock >= 0)
		close(l->sock);
	munmap(l->memory, LIAR_SIZE);
	close(l->memory_fd);
	lone_port_close(l->port);
	assert_int_equal(count_fds(), l->fds);
}

void
liar_send(struct liar *l, uint32_t request, uint32_t flags, const void *payload, uint32_t size, const int *fds,
	unsigned int n)
{
	struct {
		struct vhost_header header;
		uint8_t payload[2 * sizeof(union vhost_payload)];
	} m = { .header = { request, flags, size } };
	size_t bytes = sizeof(m.header);

	if (payload) {
		assert_true(size <= sizeof(m.payload));
		memcpy(m.payload, payload, size);
		bytes += size;
	}
	assert_int_equal(send_with_fds(l->sock, &m, bytes, fds, n), bytes);
}

int
liar_run(struct liar *l)
{
	for (unsigned int i = 0; l->ended == 0; i++) {
		int waiting = 0;
		bool waits = vhost_connection_waits(l->port->connection);

		ioctl(l->port->connection->fd, FIONREAD, &waiting);
		if (waiting == 0 && (!waits || i))
			return 0;
		suspended = 0;
		l->ended = vhost_connection_run(l->port->connection, clock_us() / 1000);
		l->suspended += suspended;
		if (atomic_load(&l->port->broken) && l->ended == 0)
			l->ended = -EFAULT;
		// The thread would wait for the socket.
		if (waits && vhost_connection_waits(l->port->connection))
			return 0;
	}
	if (l->port->connection)
		lone_port_end(l->port);
	return l->ended;
}

bool
liar_has_answer(const struct liar *l)
{
	int waiting = 0;

	ioctl(l->sock, FIONREAD, &waiting);
	return waiting > 0;
}

uint32_t
liar_answer(struct liar *l, uint32_t request, union vhost_payload *payload, int *fd)
{
	struct vhost_header header = { 0 };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &header, sizeof(header) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;

	assert_true(liar_has_answer(l));
	assert_int_equal(recvmsg(l->sock, &msg, MSG_WAITALL | MSG_CMSG_CLOEXEC), sizeof(header));
	c = CMSG_FIRSTHDR(&msg);
	if (fd)
		*fd = -1;
	if (c && fd)
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	assert_true(c == NULL || fd);
	assert_int_equal(header.request, request);
	assert_int_equal(header.flags, VHOST_VERSION | VHOST_REPLY);
	assert_true(header.size <= sizeof(*payload));
	memset(payload, 0, sizeof(*payload));
	if (header.size)
		assert_int_equal(recv(l->sock, payload, header.size, MSG_WAITALL), header.size);
	return header.size;
}

int
liar_tell(struct liar *l, uint32_t request, const void *payload, uint32_t size, int fd)
{
	union vhost_payload answer;

	liar_send(l, request, VHOST_VERSION | VHOST_NEED_REPLY, payload, size, &fd, fd >= 0);
	if (liar_run(l))
		return -1;
	liar_answer(l, request, &answer, NULL);
	return (int)answer.u64;
}

int
liar_set_u64(struct liar *l, uint32_t request, uint64_t value, int fd)
{
	return liar_tell(l, request, &value, sizeof(value), fd);
}

int
liar_set_state(struct liar *l, uint32_t request, uint32_t index, uint32_t num)
{
	struct vhost_vring_state state = { index, num };

	return liar_tell(l, request, &state, sizeof(state), -1);
}

int
liar_set_region(struct liar *l, uint32_t request, uint64_t gpa, uint64_t size, uint64_t user, uint64_t offset, int fd)
{
	union vhost_payload m = { 0 };

	if (request == VHOST_SET_MEM_TABLE) {
		m.table.n = 1;
		m.table.region[0] = (struct vhost_region){ gpa, size, user, offset };
	} else {
		m.one.region = (struct vhost_region){ gpa, size, user, offset };
	}
	return liar_tell(l, request, &m, 40, fd);
}

int
liar_set_addr(struct liar *l, uint32_t index, uint64_t desc, uint64_t avail, uint64_t used)
{
	struct vhost_vring_addr addr = { .index = index, .desc = desc, .avail = avail, .used = used };

	return liar_tell(l, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
}

void
liar_negotiate(struct liar *l, uint64_t features)
{
	union vhost_payload answer;
	uint64_t protocol;

	liar_send(l, VHOST_GET_PROTOCOL_FEATURES, VHOST_VERSION, NULL, 0, NULL, 0);
	assert_int_equal(liar_run(l), 0);
	assert_int_equal(liar_answer(l, VHOST_GET_PROTOCOL_FEATURES, &answer, NULL), 8);
	protocol = answer.u64;
	liar_send(l, VHOST_SET_PROTOCOL_FEATURES, VHOST_VERSION, &protocol, 8, NULL, 0);
	assert_int_equal(liar_run(l), 0);
	assert_int_equal(liar_set_u64(l, VHOST_SET_FEATURES,
				 features | 1ULL << VHOST_F_PROTOCOL_FEATURES | 1ULL << VIRTIO_F_VERSION_1, -1),
		0);
}

void
liar_start_ring(struct liar *l, uint32_t index, int call)
{
	uint64_t at = LIAR_USER + index * LIAR_NEXT;

	assert_int_equal(liar_set_state(l, VHOST_SET_VRING_NUM, index, LIAR_RING), 0);
	assert_int_equal(liar_set_state(l, VHOST_SET_VRING_BASE, index, 0), 0);
	assert_int_equal(liar_set_addr(l, index, at + LIAR_DESC, at + LIAR_AVAIL, at + LIAR_USED), 0);
	if (call >= 0)
		assert_int_equal(liar_set_u64(l, VHOST_SET_VRING_CALL, index, call), 0);
	assert_int_equal(liar_set_u64(l, VHOST_SET_VRING_KICK, index | VHOST_VRING_NO_FD, -1), 0);
	assert_int_equal(liar_set_state(l, VHOST_SET_VRING_ENABLE, index, 1), 0);
}

void
liar_start(struct liar *l, uint64_t features)
{
	liar_negotiate(l, features);
	assert_int_equal(liar_set_region(l, VHOST_SET_MEM_TABLE, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l->memory_fd), 0);
	liar_start_ring(l, 0, -1);
	liar_start_ring(l, 1, -1);
	assert_true(atomic_load(&l->io.link));
}

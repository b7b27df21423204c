// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "stubborn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "weft/log.h"

#include "vhost/message.h"
#include "vhost/trash.h"

#define GPA  UINT64_C(0x100000)
#define USER UINT64_C(0x7000000000)
#define SIZE UINT64_C(0x10000) // bytes of guest memory
#define PART UINT64_C(0x8000)  // of it, for a ring

extern const struct weft_io_ops weft_vhost_ops;

static unsigned int own_fds; // of this process, without ports
static char folder[] = "/tmp/weft-test-XXXXXX";

int
stubborn_teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void
no_worker(void)
{
}

static void
address(const struct stubborn *s, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(addr->sun_path, s->path, sizeof(addr->sun_path));
}

static void
open_port(struct stubborn *s, const char *name, bool server, void (*quiesce)(void))
{
	struct weft_attach attach = { .server = server, .queues = WEFT_MAX_QUEUE_PAIRS, .name = name };
	struct weft_error err = { 0 };

	*s = (struct stubborn){ .server = server, .listener = -1, .sock = -1 };
	snprintf(s->path, sizeof(s->path), "%s/%s", folder, name);
	memcpy(attach.path, s->path, sizeof(attach.path));
	s->io.quiesce = quiesce ? quiesce : no_worker;
	assert_int_equal(weft_vhost_ops.open(&s->io, &attach, &err), 0);
}

void
stubborn_open(struct stubborn *s, const char *name, bool server, void (*quiesce)(void))
{
	struct sockaddr_un addr;

	open_port(s, name, server, quiesce);
	if (server)
		return;
	address(s, &addr);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(s->listener, 8), 0);
}

void
stubborn_close(struct stubborn *s)
{
	weft_vhost_ops.close(&s->io);
	stubborn_disconnect(s);
	if (s->listener >= 0)
		close(s->listener);
	unlink(s->path);
}

int
stubborn_setup(void **state)
{
	struct stubborn s;

	(void)state;
	rte_log_set_level((uint32_t)weft_logtype, RTE_LOG_CRIT);
	if (mkdtemp(folder) == NULL)
		return -1;
	// The first port starts threads, which have descriptors of their own. Nobody listens at its socket.
	open_port(&s, "first", false, NULL);
	stubborn_close(&s);
	own_fds = count_fds();
	return 0;
}

// Waits for EVENTS at FD.
static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, STUBBORN_WAIT_MS), 1);
}

void
stubborn_connect(struct stubborn *s)
{
	struct sockaddr_un addr;

	if (s->server) {
		address(s, &addr);
		s->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(s->sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	} else {
		wait_for(s->listener, POLLIN);
		s->sock = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(s->sock >= 0);
	}
}

void
stubborn_disconnect(struct stubborn *s)
{
	if (s->sock >= 0)
		close(s->sock);
	s->sock = -1;
}

// Bytes of the message, header and payload.
static size_t
compose(uint8_t *bytes, uint32_t request, uint64_t value)
{
	uint32_t size = request == VHOST_GET_FEATURES || request == VHOST_SET_OWNER ? 0 : sizeof(value);
	struct vhost_header header = { request, VHOST_VERSION, size };

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &value, size);
	return sizeof(header) + size;
}

void
stubborn_send(struct stubborn *s, uint32_t request, uint64_t value, int fd, size_t size)
{
	uint8_t bytes[32];
	size_t all = compose(bytes, request, value), n = size ? size : all;

	assert_int_equal(send_with_fds(s->sock, bytes, n, &fd, fd >= 0), n);
}

void
stubborn_send_rest(struct stubborn *s, uint32_t request, uint64_t value, size_t size)
{
	uint8_t bytes[32];
	size_t all = compose(bytes, request, value);

	assert_int_equal(send_with_fds(s->sock, bytes + size, all - size, NULL, 0), all - size);
}

bool
stubborn_answer(struct stubborn *s)
{
	uint8_t bytes[20];
	ssize_t n;

	wait_for(s->sock, POLLIN);
	n = recv(s->sock, bytes, sizeof(bytes), MSG_WAITALL);
	assert_true(n == sizeof(bytes) || n <= 0);
	return n == sizeof(bytes);
}

bool
stubborn_ask(struct stubborn *s)
{
	uint8_t bytes[32];
	size_t all = compose(bytes, VHOST_GET_FEATURES, 0);

	return send_with_fds(s->sock, bytes, all, NULL, 0) == (ssize_t)all && stubborn_answer(s);
}

bool
stubborn_has_answer(const struct stubborn *s)
{
	struct pollfd p = { .fd = s->sock, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

void
stubborn_wait_end(struct stubborn *s)
{
	wait_for(s->sock, POLLRDHUP);
}

// Waits until a message has been handled: they are handled in order.
static void
tell(struct stubborn *s, uint32_t request, const void *payload, uint32_t size, int fd)
{
	struct {
		struct vhost_header header;
		uint8_t payload[sizeof(union vhost_payload)];
	} m = { .header = { request, VHOST_VERSION, size } };

	memcpy(m.payload, payload, size);
	assert_int_equal(send_with_fds(s->sock, &m, sizeof(m.header) + size, &fd, fd >= 0), sizeof(m.header) + size);
}

static void
start_ring(struct stubborn *s, uint32_t i)
{
	uint64_t at = USER + i * PART;
	struct vhost_vring_addr addr = { .index = i, .desc = at, .avail = at + 0x1000, .used = at + 0x2000 };

	tell(s, VHOST_SET_VRING_NUM, &(struct vhost_vring_state){ i, 64 }, 8, -1);
	tell(s, VHOST_SET_VRING_BASE, &(struct vhost_vring_state){ i, 0 }, 8, -1);
	tell(s, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	tell(s, VHOST_SET_VRING_KICK, &(uint64_t){ i | VHOST_VRING_NO_FD }, 8, -1);
}

void
stubborn_start(struct stubborn *s)
{
	union vhost_payload table = { .table = { .n = 1, .region[0] = { GPA, SIZE, USER, 0 } } };
	int fd = memfd_create("guest", MFD_CLOEXEC);

	assert_true(fd >= 0 && ftruncate(fd, (off_t)SIZE) == 0);
	// Without the protocol's features rings are enabled from the start.
	tell(s, VHOST_SET_FEATURES, &(uint64_t){ 1ULL << VIRTIO_F_VERSION_1 }, 8, -1);
	tell(s, VHOST_SET_MEM_TABLE, &table, 40, fd);
	close(fd);
	start_ring(s, 0);
	start_ring(s, 1);
	stubborn_wait_link(s, true);
}

static void
nap(unsigned int *waited)
{
	assert_true((*waited)++ < STUBBORN_WAIT_MS);
	usleep(1000);
}

void
stubborn_wait_link(struct stubborn *s, bool up)
{
	unsigned int waited = 0;

	while (atomic_load(&s->io.link) != up)
		nap(&waited);
}

void
stubborn_wait_error(struct stubborn *s, const char *part)
{
	struct weft_io_status status = { 0 };
	unsigned int waited = 0;

	for (;;) {
		weft_vhost_ops.status(&s->io, &status);
		if (strstr(status.error, part))
			return;
		if (waited == STUBBORN_WAIT_MS - 1)
			print_message("the error is \"%s\"\n", status.error);
		nap(&waited);
	}
}

void
stubborn_wait_fds(unsigned int n)
{
	unsigned int waited = 0;

	while (count_fds() != own_fds + n) {
		if (waited == STUBBORN_WAIT_MS - 1)
			print_message("%d descriptors more, and not %u\n", (int)(count_fds() - own_fds), n);
		nap(&waited);
	}
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// crowd connect|listen PATTERN N: N guests of the switch at once, in one thread that waits for nobody. PATTERN is a path with %u
// for the guest's number. With "connect" the switch listens; with "listen" the sockets appear and the switch connects.
//
// Each guest has its own memory, a pair of rings, and a frame in the ring from it before the switch knows of it. It is served when
// the switch has taken that frame. Prints "served I MICROSECONDS" for each, from its connect() or its socket's appearing on. Then
// guests 2i and 2i + 1 send each other a frame: "passed N". It stays until its input ends, and exits with 1 where a guest was not
// served, or got no frame.
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/virtio_ring.h>

#include "vhost/message.h"

#define MEMORY (UINT64_C(2) << 20)
#define GPA    UINT64_C(0x100000)
#define USER   UINT64_C(0x7000000000)
#define RING   64 // entries
#define DESC   0x0
#define AVAIL  0x1000
#define USED   0x2000
#define NEXT   0x4000  // from the ring to the guest to the one from it
#define DATA   0x10000 // buffers of the ring to the guest; the frame to send is before them
#define SENT   0x8000
#define BUFFER 2048
#define N_BUFS 16
#define FRAME  (12 + 60) // with virtio's header
#define WAIT_S 120

struct guest {
	uint8_t *base;
	int sock, listener, memory, call;
	unsigned int answers;
	uint16_t sent;
	uint64_t start;
	bool served, got;
};

static struct guest *guests;
static unsigned int n_guests, n_served;
static int epoll, kick;

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
watch(int fd, unsigned int guest, bool call)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = guest << 1 | call };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll");
}

static uint16_t
read_index(const struct guest *g, size_t ring)
{
	const struct vring_used *used = (const void *)(g->base + ring + USED);

	return __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE);
}

// Makes one more buffer of a ring available.
static void
offer(struct guest *g, size_t ring, uint16_t number, uint64_t at, uint32_t len, uint16_t flags)
{
	struct vring_desc *desc = (void *)(g->base + ring + DESC);
	struct vring_avail *avail = (void *)(g->base + ring + AVAIL);

	desc[number % RING] = (struct vring_desc){ .addr = GPA + at, .len = len, .flags = flags };
	avail->ring[number % RING] = number % RING;
	__atomic_store_n(&avail->idx, (uint16_t)(number + 1), __ATOMIC_RELEASE);
}

static void
send_frame(struct guest *g, unsigned int number)
{
	const uint8_t frame[] = { 2, 0, 0, 0, (uint8_t)((number ^ 1) >> 8), (uint8_t)(number ^ 1), 2, 0, 0, 0,
		(uint8_t)(number >> 8), (uint8_t)number, 0x88, 0xb5 };

	memcpy(g->base + SENT + 12, frame, sizeof(frame));
	offer(g, NEXT, g->sent++, SENT, FRAME, 0);
}

static void
make_guest(struct guest *g, unsigned int number)
{
	*g = (struct guest){ .sock = -1, .listener = -1 };
	g->memory = memfd_create("guest", MFD_CLOEXEC);
	g->call = eventfd(0, EFD_NONBLOCK);
	if (g->memory < 0 || g->call < 0 || ftruncate(g->memory, (off_t)MEMORY))
		err(1, "guest %u", number);
	g->base = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, g->memory, 0);
	if (g->base == MAP_FAILED)
		err(1, "guest %u", number);
	for (uint16_t i = 0; i < N_BUFS; i++)
		offer(g, 0, i, DATA + (uint64_t)i * BUFFER, BUFFER, VRING_DESC_F_WRITE);
	send_frame(g, number);
	watch(g->call, number, true);
}

static void
tell(struct guest *g, uint32_t request, const void *payload, uint32_t size, int fd)
{
	struct vhost_header header = { .request = request, .flags = VHOST_VERSION, .size = size };
	struct iovec iov[2] = { { &header, sizeof(header) }, { (void *)(uintptr_t)payload, size } };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	if (sendmsg(g->sock, &msg, MSG_NOSIGNAL) < 0)
		err(1, "guest %td", g - guests);
}

static void
tell_u64(struct guest *g, uint32_t request, uint64_t value, int fd)
{
	tell(g, request, &value, sizeof(value), fd);
}

static void
tell_state(struct guest *g, uint32_t request, uint32_t ring, uint32_t value)
{
	const uint32_t state[] = { ring, value };

	tell(g, request, state, sizeof(state), -1);
}

static void
begin(struct guest *g, int sock)
{
	g->sock = sock;
	watch(sock, (unsigned int)(g - guests), false);
	tell(g, VHOST_GET_FEATURES, NULL, 0, -1);
	tell(g, VHOST_SET_OWNER, NULL, 0, -1);
	tell(g, VHOST_GET_PROTOCOL_FEATURES, NULL, 0, -1);
}

static void
set_up(struct guest *g)
{
	const struct {
		uint32_t n, padding;
		uint64_t gpa, size, user, offset;
	} table = { 1, 0, GPA, MEMORY, USER, 0 };

	tell_u64(g, VHOST_SET_PROTOCOL_FEATURES, 0, -1);
	tell_u64(g, VHOST_SET_FEATURES, UINT64_C(1) << VHOST_F_PROTOCOL_FEATURES | UINT64_C(1) << 32, -1);
	tell(g, VHOST_SET_MEM_TABLE, &table, sizeof(table), g->memory);
	for (uint32_t i = 0; i < 2; i++) {
		const uint64_t at = USER + i * NEXT, addr[] = { i, at + DESC, at + USED, at + AVAIL, 0 };

		tell_state(g, VHOST_SET_VRING_NUM, i, RING);
		tell_state(g, VHOST_SET_VRING_BASE, i, 0);
		tell(g, VHOST_SET_VRING_ADDR, addr, sizeof(addr), -1);
		tell_u64(g, VHOST_SET_VRING_KICK, i, kick);
		tell_u64(g, VHOST_SET_VRING_CALL, i, g->call);
	}
	tell_state(g, VHOST_SET_VRING_ENABLE, 0, 1);
	tell_state(g, VHOST_SET_VRING_ENABLE, 1, 1);
}

static void
on_sock(struct guest *g)
{
	uint8_t answer[20];

	if (g->sock < 0) {
		int sock = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);

		if (sock < 0)
			err(1, "accept");
		begin(g, sock);
		return;
	}
	if (recv(g->sock, answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
		errx(1, "guest %td: the switch has ended the connection", g - guests);
	if (++g->answers == 2)
		set_up(g);
}

static void
on_call(struct guest *g)
{
	eventfd_t count;

	eventfd_read(g->call, &count);
	if (g->served || read_index(g, NEXT) == 0)
		return;
	g->served = true;
	n_served++;
	printf("served %td %lu\n", g - guests, now_us() - g->start);
}

static void
name(struct sockaddr_un *addr, const char *pattern, unsigned int number)
{
	const char *at = strstr(pattern, "%u");

	if (at == NULL)
		errx(2, "no %%u in %s", pattern);
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(addr->sun_path, sizeof(addr->sun_path), "%.*s%u%s", (int)(at - pattern), pattern, number, at + 2);
}

static void
begin_all(const char *pattern, bool connects)
{
	for (unsigned int i = 0; i < n_guests; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct sockaddr_un addr;

		name(&addr, pattern, i);
		guests[i].start = now_us();
		if (connects) {
			if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
				err(1, "%s", addr.sun_path);
			begin(&guests[i], fd);
			continue;
		}
		unlink(addr.sun_path);
		if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
			err(1, "%s", addr.sun_path);
		guests[i].listener = fd;
		watch(fd, i, false);
	}
}

static void
serve_all(void)
{
	uint64_t end = now_us() + WAIT_S * UINT64_C(1000000);

	while (n_served < n_guests && now_us() < end) {
		struct epoll_event events[256];
		int n = epoll_wait(epoll, events, 256, 1000);

		for (int i = 0; i < n; i++) {
			struct guest *g = &guests[events[i].data.u32 >> 1];

			if (events[i].data.u32 & 1)
				on_call(g);
			else
				on_sock(g);
		}
	}
}

// All have sent a frame to their neighbours, some before those were there. Now all are. Returns how many got one; a last guest
// without a neighbour is not asked.
static unsigned int
pass(void)
{
	uint64_t end = now_us() + WAIT_S * UINT64_C(1000000);
	unsigned int n = 0;

	n_guests &= ~1u;
	for (unsigned int i = 0; i < n_guests; i++) {
		guests[i].answers = read_index(&guests[i], 0);
		send_frame(&guests[i], i);
	}
	while (n < n_guests && now_us() < end) {
		usleep(1000);
		n = 0;
		for (unsigned int i = 0; i < n_guests; i++)
			n += read_index(&guests[i], 0) != guests[i].answers;
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct rlimit limit;
	unsigned int passed;

	if (argc != 4 || (n_guests = (unsigned int)atoi(argv[3])) == 0)
		errx(2, "usage: crowd connect|listen PATTERN N");
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	guests = calloc(n_guests, sizeof(*guests));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	kick = eventfd(0, EFD_NONBLOCK);
	for (unsigned int i = 0; i < n_guests; i++)
		make_guest(&guests[i], i);
	begin_all(argv[2], strcmp(argv[1], "connect") == 0);
	serve_all();
	passed = n_served == n_guests ? pass() : 0;
	printf("passed %u\n", passed);
	fflush(stdout);
	while (read(STDIN_FILENO, &limit, sizeof(limit)) > 0)
		;
	return passed == n_guests ? 0 : 1;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// liars PATTERN N: N front ends that connect to the switch again and again and never become guests. PATTERN is a path with %u for
// the number. Each plays one of seven kinds, until its input ends: floods that read no answer, half a header, half a payload,
// memory of a wrong kind, as many regions as there may be, connections that end at once, floods of descriptors.
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhost/message.h"

#define PAUSE_US 200
#define N_KINDS	 7

static const char *pattern;

struct message {
	struct vhost_header header;
	union vhost_payload payload;
};

// Sends BYTES of M. False: the connection is over, or the switch reads no more.
static int
tell(int sock, const struct message *m, size_t bytes, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)m, bytes };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) > 0 || errno == EAGAIN;
}

static size_t
fill(struct message *m, uint32_t request, uint32_t size)
{
	*m = (struct message){ .header = { request, VHOST_VERSION, size } };
	return sizeof(m->header) + size;
}

static void
send_regions(int sock, int fd)
{
	struct message m;
	size_t n = fill(&m, VHOST_SET_PROTOCOL_FEATURES, 8);

	m.payload.u64 = 1u << VHOST_PROTOCOL_CONFIGURE_SLOTS;
	tell(sock, &m, n, -1);
	for (uint64_t i = 0; i < GUEST_MAX_REGIONS; i++) {
		n = fill(&m, VHOST_ADD_MEM_REG, 40);
		m.payload.one.region = (struct vhost_region){ i << 13, 4096, i << 13, 0 };
		if (!tell(sock, &m, n, fd))
			return;
		usleep(PAUSE_US);
	}
}

static void
lie(int sock, unsigned int kind, int memory, int event)
{
	struct message m;
	size_t n = fill(&m, VHOST_GET_FEATURES, 0);

	switch (kind) {
	case 0:
		while (tell(sock, &m, n, -1))
			usleep(PAUSE_US / 4);
		break;
	case 1:
		tell(sock, &m, 5, -1);
		sleep(1);
		break;
	case 2:
		n = fill(&m, VHOST_SET_MEM_TABLE, 40);
		tell(sock, &m, n - 7, memory);
		sleep(1);
		break;
	case 3: {
		int wrong = open("/dev/zero", O_RDWR | O_CLOEXEC);

		n = fill(&m, VHOST_SET_MEM_TABLE, 40);
		m.payload.table.n = 1;
		m.payload.table.region[0].size = 4096;
		while (tell(sock, &m, n, wrong))
			usleep(PAUSE_US);
		close(wrong);
		break;
	}
	case 4:
		send_regions(sock, memory);
		break;
	case 5:
		usleep(PAUSE_US);
		break;
	default:
		n = fill(&m, VHOST_SET_VRING_CALL, 8);
		while (tell(sock, &m, n, event))
			usleep(PAUSE_US / 4);
	}
}

static void *
run(void *arg)
{
	unsigned int number = (unsigned int)(uintptr_t)arg;
	const char *at = strstr(pattern, "%u");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int memory = memfd_create("liar", MFD_CLOEXEC), event = eventfd(0, EFD_NONBLOCK);

	if (memory < 0 || event < 0 || ftruncate(memory, 4096))
		err(1, "liar %u", number);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.*s%u%s", (int)(at - pattern), pattern, number, at + 2);
	for (;;) {
		int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0)
			lie(sock, number % N_KINDS, memory, event);
		close(sock);
		usleep(PAUSE_US);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	char c;

	if (argc != 3 || strstr(argv[1], "%u") == NULL)
		errx(2, "usage: liars PATTERN N");
	pattern = argv[1];
	// They do not take the switch's processor, where there are few.
	if (nice(19) < 0)
		warn("nice");
	for (uintptr_t i = 0; i < (uintptr_t)atoi(argv[2]); i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, run, (void *)i))
			errx(1, "no thread");
	}
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}

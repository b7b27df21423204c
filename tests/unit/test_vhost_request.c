// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Each message of the vhost-user protocol, in each size, with each number and kind of descriptors, with and without what it
// needs: the table below is written from the specification, not from weft's.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "liar.h"

#define MEMORY 1
#define EVENT  2

static const struct {
	uint32_t request;
	uint32_t sizes[2]; // the least and the most bytes of payload
	uint32_t step;	   // between them
	uint32_t fds[2];
	unsigned int kind;
	int protocol; // -1: always
	int answer;   // bytes of an answer of its own; -1: it has none
} messages[] = {
	{ VHOST_GET_FEATURES, { 0, 8 }, 1, { 0, 0 }, 0, -1, 8 },
	{ VHOST_SET_FEATURES, { 8, 8 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_SET_OWNER, { 0, 8 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_RESET_OWNER, { 0, 8 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_SET_MEM_TABLE, { 8, 264 }, 1, { 0, 8 }, MEMORY, -1, -1 },
	{ VHOST_SET_LOG_BASE, { 16, 16 }, 1, { 1, 1 }, MEMORY, 1, 0 },
	{ VHOST_SET_LOG_FD, { 0, 8 }, 1, { 0, 1 }, EVENT, -1, -1 },
	{ VHOST_SET_VRING_NUM, { 8, 8 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_SET_VRING_ADDR, { 40, 40 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_SET_VRING_BASE, { 8, 8 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_GET_VRING_BASE, { 8, 8 }, 1, { 0, 0 }, 0, -1, 8 },
	{ VHOST_SET_VRING_KICK, { 8, 8 }, 1, { 0, 1 }, EVENT, -1, -1 },
	{ VHOST_SET_VRING_CALL, { 8, 8 }, 1, { 0, 1 }, EVENT, -1, -1 },
	{ VHOST_SET_VRING_ERR, { 8, 8 }, 1, { 0, 1 }, EVENT, -1, -1 },
	{ VHOST_GET_PROTOCOL_FEATURES, { 0, 8 }, 1, { 0, 0 }, 0, -1, 8 },
	{ VHOST_SET_PROTOCOL_FEATURES, { 8, 8 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_GET_QUEUE_NUM, { 0, 8 }, 1, { 0, 0 }, 0, 0, 8 },
	{ VHOST_SET_VRING_ENABLE, { 8, 8 }, 1, { 0, 0 }, 0, -1, -1 },
	{ VHOST_SEND_RARP, { 8, 8 }, 1, { 0, 0 }, 0, 2, -1 },
	{ VHOST_NET_SET_MTU, { 8, 8 }, 1, { 0, 0 }, 0, 4, -1 },
	{ VHOST_GET_INFLIGHT_FD, { 20, 24 }, 1, { 0, 0 }, 0, 12, 24 },
	{ VHOST_SET_INFLIGHT_FD, { 20, 24 }, 1, { 1, 1 }, MEMORY, 12, -1 },
	{ VHOST_GET_MAX_MEM_SLOTS, { 0, 8 }, 1, { 0, 0 }, 0, 15, 8 },
	{ VHOST_ADD_MEM_REG, { 40, 40 }, 1, { 1, 1 }, MEMORY, 15, -1 },
	{ VHOST_REM_MEM_REG, { 40, 40 }, 1, { 0, 1 }, MEMORY, 15, -1 },
	{ VHOST_SET_STATUS, { 8, 8 }, 1, { 0, 0 }, 0, 16, -1 },
	{ VHOST_GET_STATUS, { 0, 8 }, 1, { 0, 0 }, 0, 16, 8 },
};

#define N_REQUESTS 70 // more than the specification has
#define ALL_FDS	   9

static int
find(uint32_t request)
{
	for (unsigned int i = 0; i < RTE_DIM(messages); i++) {
		if (messages[i].request == request)
			return (int)i;
	}
	return -1;
}

// What a refused message must leave as it was.
struct before {
	struct vhost_vring vrings[VHOST_N_RINGS];
	struct vhost_memory *memory;
	uint32_t n_regions;
	struct vhost_log log;
	struct vhost_inflight inflight;
	uint64_t protocol, features;
	bool negotiated;
	uint8_t status;
	uint16_t mtu;
	uint64_t rarp;
};

static void
note(const struct liar *l, struct before *b)
{
	memset(b, 0, sizeof(*b));
	memcpy(b->vrings, l->port->vrings, sizeof(b->vrings));
	b->memory = l->port->memory;
	b->n_regions = b->memory ? b->memory->table.n : 0;
	b->log = l->port->log;
	b->inflight = l->port->inflight;
	b->protocol = l->port->protocol;
	b->features = l->port->features;
	b->negotiated = l->port->negotiated;
	b->status = l->port->status;
	b->mtu = l->port->mtu;
	b->rarp = l->port->rarp;
}

static void
check_same(const struct liar *l, const struct before *before)
{
	struct before now;

	note(l, &now);
	assert_memory_equal(&now, before, sizeof(now));
}

// A payload that a handler takes, of the right size, unless another SIZE is wanted.
static void
fill(uint32_t request, union vhost_payload *m)
{
	memset(m, 0, sizeof(*m));
	switch (request) {
	case VHOST_SET_FEATURES:
		m->u64 = 1ULL << VIRTIO_F_VERSION_1 | 1ULL << VHOST_F_PROTOCOL_FEATURES;
		break;
	case VHOST_SET_PROTOCOL_FEATURES:
		m->u64 = 1ULL << VHOST_PROTOCOL_REPLY_ACK;
		break;
	case VHOST_SET_VRING_NUM:
		m->state.num = 256;
		break;
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_ERR:
		m->u64 = VHOST_VRING_NO_FD;
		break;
	case VHOST_NET_SET_MTU:
		m->u64 = 1500;
		break;
	case VHOST_SET_LOG_BASE:
		m->log.size = 4096;
		break;
	case VHOST_GET_INFLIGHT_FD:
	case VHOST_SET_INFLIGHT_FD:
		m->inflight = (struct vhost_inflight_area){ .size = LIAR_SIZE, .n_queues = 2, .queue_size = 256 };
		break;
	case VHOST_SET_MEM_TABLE:
		m->table.n = 1;
		m->table.region[0] = (struct vhost_region){ LIAR_GPA, LIAR_SIZE, LIAR_USER, 0 };
		break;
	case VHOST_ADD_MEM_REG:
	case VHOST_REM_MEM_REG:
		m->one.region = (struct vhost_region){ LIAR_GPA, LIAR_SIZE, LIAR_USER, 0 };
		break;
	default:
		break;
	}
}

static uint32_t
right_size(int i)
{
	return messages[i].request == VHOST_SET_MEM_TABLE || messages[i].sizes[0] == 20
		       ? messages[i].sizes[0] == 20 ? 24 : 40
		       : messages[i].sizes[0];
}

// Sends a message, in both ways of asking for an acknowledgement. Checks what is the same for all that is refused, and returns
// whether it was taken.
static bool
try_message(uint32_t request, uint64_t protocol, uint32_t size, unsigned int n_fds, int fd, bool ack, char *error)
{
	int fds[ALL_FDS], own, i = find(request);
	union vhost_payload m, answer;
	struct before before;
	struct liar l;
	bool taken;

	liar_open(&l);
	own = fd >= 0 ? fd : l.memory_fd;
	for (unsigned int k = 0; k < ALL_FDS; k++)
		fds[k] = own;
	l.port->protocol = protocol | (ack ? 1ULL << VHOST_PROTOCOL_REPLY_ACK : 0);
	// A region to take out again.
	if (request == VHOST_REM_MEM_REG && protocol) {
		l.port->protocol = UINT64_MAX;
		assert_int_equal(
			liar_set_region(&l, VHOST_ADD_MEM_REG, LIAR_GPA, LIAR_SIZE, LIAR_USER, 0, l.memory_fd), 0);
		l.port->protocol = protocol | (ack ? 1ULL << VHOST_PROTOCOL_REPLY_ACK : 0);
	}
	if (request == VHOST_SET_VRING_KICK)
		l.port->negotiated = true;
	fill(request, &m);
	if (n_fds == 1 && fd >= 0 &&
		(request == VHOST_SET_VRING_KICK || request == VHOST_SET_VRING_CALL || request == VHOST_SET_VRING_ERR))
		m.u64 = 0;
	note(&l, &before);
	liar_send(&l, request, VHOST_VERSION | (ack ? VHOST_NEED_REPLY : 0), &m, size, fds, n_fds);
	taken = liar_run(&l) == 0 && l.port->error[0] == 0;
	strcpy(error, l.port->error);
	if (taken && i >= 0 && messages[i].answer >= 0) {
		int got = -1;
		uint32_t answered = liar_answer(&l, request, &answer, &got);

		assert_int_equal(answered, request == VHOST_GET_INFLIGHT_FD ? size : (uint32_t)messages[i].answer);
		assert_int_equal(got >= 0, request == VHOST_GET_INFLIGHT_FD);
		if (got >= 0)
			close(got);
	} else if (taken && ack) {
		assert_int_equal(liar_answer(&l, request, &answer, NULL), 8);
		assert_int_equal(answer.u64, 0);
	} else if (!taken && l.ended == 0) {
		// Refused, and the connection goes on.
		assert_true(ack);
		assert_int_equal(liar_answer(&l, request, &answer, NULL), 8);
		assert_int_equal(answer.u64, 1);
		check_same(&l, &before);
	} else if (!taken) {
		assert_null(l.port->memory);
	}
	if (!taken)
		assert_non_null(strstr(error, "the front end "));
	assert_false(l.ended == 0 && liar_has_answer(&l));
	liar_close(&l);
	return taken;
}

static bool
says_size(const char *error)
{
	return strstr(error, " bytes") != NULL;
}

static void
test_every_size(void **state)
{
	char error[WEFT_IO_ERROR_SIZE];

	(void)state;
	for (uint32_t request = 0; request < N_REQUESTS; request++) {
		int i = find(request);

		for (uint32_t size = 0; size <= sizeof(union vhost_payload); size += size < 48 ? 1 : 24) {
			bool fits = i >= 0 && size >= messages[i].sizes[0] && size <= messages[i].sizes[1];
			bool taken = try_message(request, UINT64_MAX, size,
				i >= 0 ? RTE_MAX(messages[i].fds[0], request == VHOST_SET_MEM_TABLE) : 0, -1, size % 2,
				error);

			if (i < 0)
				assert_non_null(strstr(error, "which weft does not offer"));
			else if (request == VHOST_SET_MEM_TABLE)
				assert_int_equal(taken, size == 40);
			else if (taken != fits || says_size(error) == fits)
				fail_msg("request %u with %u bytes: %s", request, size, taken ? "taken" : error);
		}
	}
}

static void
test_every_number_of_descriptors(void **state)
{
	char error[WEFT_IO_ERROR_SIZE];
	int event = eventfd(0, EFD_CLOEXEC);

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(messages); i++) {
		for (unsigned int n = 0; n <= VHOST_MAX_FDS; n++) {
			int fd = messages[i].kind == EVENT ? event : -1;
			bool fits = n >= messages[i].fds[0] && n <= messages[i].fds[1];
			bool taken =
				try_message(messages[i].request, UINT64_MAX, right_size((int)i), n, fd, n % 2, error);

			// A table of one region has one.
			if (messages[i].request == VHOST_SET_MEM_TABLE)
				fits = n == 1;
			if (taken != fits)
				fail_msg("request %u with %u descriptors: %s", messages[i].request, n,
					taken ? "taken" : error);
		}
	}
	close(event);
}

static void
test_every_feature_is_needed(void **state)
{
	char error[WEFT_IO_ERROR_SIZE];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(messages); i++) {
		unsigned int n = messages[i].request == VHOST_SET_MEM_TABLE ? 1 : messages[i].fds[0];

		for (unsigned int ack = 0; ack < 2; ack++) {
			bool taken = try_message(messages[i].request, 0, right_size((int)i), n, -1, ack, error);

			if (taken != (messages[i].protocol < 0))
				fail_msg("request %u without protocol features: %s", messages[i].request,
					taken ? "taken" : error);
			if (messages[i].protocol >= 0)
				assert_true(try_message(messages[i].request, 1ULL << messages[i].protocol,
					right_size((int)i), n, -1, ack, error));
		}
	}
}

struct descriptor {
	const char *name;
	int fd;
	unsigned int kind;
};

static unsigned int
make_descriptors(struct descriptor *d)
{
	unsigned int n = 0;
	char tmpfs[] = "/dev/shm/weft-test-XXXXXX", other[] = "/var/tmp/weft-test-XXXXXX";
	int pair[2], fd, ends[2];
	sigset_t none;

	sigemptyset(&none);
	fd = memfd_create("plain", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, LIAR_SIZE), 0);
	d[n++] = (struct descriptor){ "memfd", fd, MEMORY };
	fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, LIAR_SIZE), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	d[n++] = (struct descriptor){ "sealed memfd", fd, MEMORY };
	fd = mkstemp(tmpfs);
	assert_true(fd >= 0);
	unlink(tmpfs);
	assert_int_equal(ftruncate(fd, LIAR_SIZE), 0);
	d[n++] = (struct descriptor){ "tmpfs", fd, MEMORY };
	d[n++] = (struct descriptor){ "eventfd", eventfd(0, EFD_NONBLOCK), EVENT };
	d[n++] = (struct descriptor){ "blocking eventfd", eventfd(0, 0), EVENT };
	d[n++] = (struct descriptor){ "/dev/null", open("/dev/null", O_RDWR), 0 };
	d[n++] = (struct descriptor){ "/dev/zero", open("/dev/zero", O_RDWR), 0 };
	d[n++] = (struct descriptor){ "a folder", open("/", O_RDONLY), 0 };
	d[n++] = (struct descriptor){ "a folder of tmpfs", open("/dev/shm", O_RDONLY), 0 };
	d[n++] = (struct descriptor){ "a path", open("/dev/null", O_PATH), 0 };
	fd = mkstemp(other);
	assert_true(fd >= 0);
	unlink(other);
	assert_int_equal(ftruncate(fd, LIAR_SIZE), 0);
	d[n++] = (struct descriptor){ "a file", fd, 0 };
	assert_int_equal(pipe(pair), 0);
	d[n++] = (struct descriptor){ "a pipe's reading end", pair[0], 0 };
	d[n++] = (struct descriptor){ "a pipe's writing end", pair[1], 0 };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	d[n++] = (struct descriptor){ "a socket", ends[0], 0 };
	d[n++] = (struct descriptor){ "its other end", ends[1], 0 };
	d[n++] = (struct descriptor){ "a TCP socket", socket(AF_INET, SOCK_STREAM, 0), 0 };
	d[n++] = (struct descriptor){ "an epoll", epoll_create1(0), 0 };
	d[n++] = (struct descriptor){ "a timer", timerfd_create(CLOCK_MONOTONIC, 0), 0 };
	d[n++] = (struct descriptor){ "signals", signalfd(-1, &none, 0), 0 };
	d[n++] = (struct descriptor){ "an inotify", inotify_init(), 0 };
	d[n++] = (struct descriptor){ "a process", (int)syscall(SYS_pidfd_open, getpid(), 0), 0 };
	d[n++] = (struct descriptor){ "a userfaultfd", (int)syscall(SYS_userfaultfd, 1), 0 };
	d[n++] = (struct descriptor){ "/proc/self/mem", open("/proc/self/mem", O_RDWR), 0 };
	return n;
}

// Only files of memory are mapped, and only eventfds are written to. With anything else the connection ends: to close it might
// block.
static void
test_every_kind_of_descriptor(void **state)
{
	char error[WEFT_IO_ERROR_SIZE];
	struct descriptor d[32];
	unsigned int n = make_descriptors(d);

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(messages); i++) {
		for (unsigned int k = 0; messages[i].fds[1] && k < n; k++) {
			bool taken;

			if (d[k].fd < 0)
				continue;
			taken = try_message(
				messages[i].request, UINT64_MAX, right_size((int)i), 1, d[k].fd, k % 2, error);
			if (taken != (d[k].kind == messages[i].kind))
				fail_msg("request %u with %s: %s", messages[i].request, d[k].name,
					taken ? "taken" : error);
			if (taken)
				continue;
			if (messages[i].kind == MEMORY)
				assert_non_null(strstr(error, "memory-backend-memfd"));
			else
				assert_non_null(strstr(error, "no eventfd"));
		}
	}
	for (unsigned int k = 0; k < n; k++)
		close(d[k].fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_every_number_of_descriptors),
		cmocka_unit_test(test_every_feature_is_needed),
		cmocka_unit_test(test_every_kind_of_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

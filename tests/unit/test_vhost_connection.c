// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A front end's connection: messages in pieces, answers that nobody takes, lies in the header, too many descriptors, budgets.
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "liar.h"

#include "vhost/connection.h"

static void
send_bytes(struct liar *l, const void *bytes, size_t n)
{
	assert_int_equal(send(l->sock, bytes, n, MSG_NOSIGNAL), n);
}

static void
test_byte_by_byte(void **state)
{
	struct {
		struct vhost_header header;
		uint64_t value;
	} __attribute__((packed)) m = { { VHOST_NET_SET_MTU, VHOST_VERSION | VHOST_NEED_REPLY, 8 }, 1400 };
	union vhost_payload answer;
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	for (unsigned int cut = 0; cut <= sizeof(m); cut++) {
		m.value = 1400 + cut;
		send_bytes(&l, &m, cut);
		assert_int_equal(liar_run(&l), 0);
		assert_int_equal(liar_has_answer(&l), cut == sizeof(m));
		send_bytes(&l, (const uint8_t *)&m + cut, sizeof(m) - cut);
		assert_int_equal(liar_run(&l), 0);
		assert_int_equal(liar_answer(&l, VHOST_NET_SET_MTU, &answer, NULL), 8);
		assert_int_equal(answer.u64, 0);
		assert_int_equal(l.port->mtu, 1400 + cut);
	}
	for (unsigned int i = 0; i < sizeof(m); i++) {
		assert_false(liar_has_answer(&l));
		send_bytes(&l, (const uint8_t *)&m + i, 1);
		assert_int_equal(liar_run(&l), 0);
	}
	liar_answer(&l, VHOST_NET_SET_MTU, &answer, NULL);
	liar_close(&l);
}

static void
test_many_in_one_piece(void **state)
{
	struct vhost_header m[300];
	union vhost_payload answer;
	struct liar l;

	(void)state;
	liar_open(&l);
	for (unsigned int i = 0; i < RTE_DIM(m); i++)
		m[i] = (struct vhost_header){ i % 2 ? VHOST_GET_FEATURES : VHOST_SET_OWNER, VHOST_VERSION, 0 };
	send_bytes(&l, m, sizeof(m));
	assert_int_equal(liar_run(&l), 0);
	for (unsigned int i = 1; i < RTE_DIM(m); i += 2)
		assert_int_equal(liar_answer(&l, VHOST_GET_FEATURES, &answer, NULL), 8);
	assert_false(liar_has_answer(&l));
	liar_close(&l);
}

// The front end goes away at each byte of a message with a descriptor.
static void
test_end_at_every_byte(void **state)
{
	struct vhost_header header = { VHOST_ADD_MEM_REG, VHOST_VERSION, 40 };
	struct liar l;

	(void)state;
	for (unsigned int cut = 1; cut < sizeof(header) + 40; cut++) {
		uint8_t bytes[sizeof(header) + 40] = { 0 };

		liar_open(&l);
		liar_negotiate(&l, 0);
		memcpy(bytes, &header, sizeof(header));
		assert_int_equal(send_with_fds(l.sock, bytes, cut, &l.memory_fd, 1), cut);
		assert_int_equal(liar_run(&l), 0);
		close(l.sock);
		l.sock = -1;
		assert_int_equal(vhost_connection_run(l.port->connection, 0), -ECONNRESET);
		liar_close(&l);
	}
}

// Nobody takes the answers: weft reads no more messages, and keeps one answer.
static void
test_answers_that_nobody_takes(void **state)
{
	struct vhost_header m = { VHOST_GET_FEATURES, VHOST_VERSION, 0 };
	union vhost_payload answer;
	unsigned int sent = 0, taken = 0;
	struct liar l;

	(void)state;
	liar_open(&l);
	// The socket's buffers are small, and the budget of messages is not what ends it.
	setsockopt(l.port->connection->fd, SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int));
	while (!vhost_connection_waits(l.port->connection)) {
		send_bytes(&l, &m, sizeof(m));
		sent++;
		assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), 0);
	}
	send_bytes(&l, &m, sizeof(m));
	sent++;
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), 0);
	assert_true(vhost_connection_waits(l.port->connection));
	while (taken < sent) {
		for (unsigned int i = 0; i < 10; i++)
			assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), 0);
		assert_int_equal(liar_answer(&l, VHOST_GET_FEATURES, &answer, NULL), 8);
		taken++;
	}
	assert_false(vhost_connection_waits(l.port->connection));
	assert_false(liar_has_answer(&l));
	liar_close(&l);
}

// An answer with a descriptor that nobody takes: it is closed with the connection.
static void
test_descriptors_that_nobody_takes(void **state)
{
	struct vhost_inflight_area area = { .n_queues = 2, .queue_size = 256 };
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	setsockopt(l.port->connection->fd, SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int));
	for (unsigned int i = 0; i < 100 && !vhost_connection_waits(l.port->connection); i++) {
		liar_send(&l, VHOST_GET_INFLIGHT_FD, VHOST_VERSION, &area, sizeof(area), NULL, 0);
		assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), 0);
	}
	assert_true(vhost_connection_waits(l.port->connection));
	liar_close(&l);
}

static void
check_silence(struct liar *l, const char *part)
{
	struct weft_io_status status;

	weft_vhost_ops.status(&l->io, &status);
	if (part)
		assert_non_null(strstr(status.error, part));
	else
		assert_string_equal(status.error, "");
}

// A front end that says nothing, or only a part of a message, is named after a while, unless something else is wrong; one that
// has said something whole is not.
static void
test_silence(void **state)
{
	const struct vhost_header m = { VHOST_GET_FEATURES, VHOST_VERSION, 0 };
	uint64_t now = clock_us() / 1000;
	struct liar l;

	(void)state;
	liar_open(&l);
	for (unsigned int late = 0; late < 2; late++) {
		const char *nothing = late ? "a front end is connected and has said nothing for 6 s" : NULL;
		const char *rest = late ? "has sent a part of a message, and not the rest for 6 s" : NULL;
		uint64_t then = now - (late ? 6000 : 0);

		lone_port_end(l.port);
		close(l.sock);
		check_silence(&l, NULL);
		l.sock = lone_port_connect(l.port, then);
		check_silence(&l, nothing);
		for (unsigned int i = 0; i < 3; i++) {
			send_bytes(&l, &m, 5);
			assert_int_equal(vhost_connection_run(l.port->connection, then), 0);
			check_silence(&l, rest);
			// One byte more is no whole message.
			send_bytes(&l, (const uint8_t *)&m + 5, 1);
			assert_int_equal(vhost_connection_run(l.port->connection, now), 0);
			check_silence(&l, rest);
			vhost_trouble_set(l.port, "something else");
			check_silence(&l, "something else");
			vhost_trouble_set(l.port, "%s", "");
			send_bytes(&l, (const uint8_t *)&m + 6, sizeof(m) - 6);
			assert_int_equal(vhost_connection_run(l.port->connection, then), 0);
			check_silence(&l, NULL);
		}
	}
	liar_close(&l);
}

static void
test_lies_in_the_header(void **state)
{
	static const struct vhost_header lies[] = {
		{ VHOST_GET_FEATURES, 0, 0 },
		{ VHOST_GET_FEATURES, 2, 0 },
		{ VHOST_GET_FEATURES, 3, 0 },
		{ VHOST_GET_FEATURES, VHOST_VERSION | VHOST_REPLY, 0 },
		{ VHOST_GET_FEATURES, VHOST_VERSION, sizeof(union vhost_payload) + 1 },
		{ VHOST_GET_FEATURES, VHOST_VERSION, UINT32_MAX },
		{ VHOST_SET_MEM_TABLE, VHOST_VERSION, 0x80000000 },
	};
	struct liar l;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(lies); i++) {
		liar_open(&l);
		send_bytes(&l, &lies[i], sizeof(lies[i]));
		assert_int_equal(liar_run(&l), -EPROTO);
		assert_non_null(strstr(l.port->error, "the front end sent"));
		liar_close(&l);
	}
	// Bits that the specification has not given a meaning are none of weft's business.
	liar_open(&l);
	send_bytes(&l, &(struct vhost_header){ VHOST_SET_OWNER, 0xfffffff0 | VHOST_VERSION, 0 },
		sizeof(struct vhost_header));
	assert_int_equal(liar_run(&l), 0);
	liar_close(&l);
}

static void
test_too_many_descriptors(void **state)
{
	static const unsigned int n[] = { 9, 10, 64, 253 };
	int fds[253];
	struct liar l;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(n); i++) {
		liar_open(&l);
		for (unsigned int k = 0; k < n[i]; k++)
			fds[k] = l.memory_fd;
		liar_send(&l, VHOST_SET_MEM_TABLE, VHOST_VERSION | VHOST_NEED_REPLY, NULL, 0, fds, n[i]);
		assert_int_equal(liar_run(&l), -EPROTO);
		assert_non_null(strstr(l.port->error, "more than 8 descriptors"));
		liar_close(&l);
	}
	// In several pieces.
	liar_open(&l);
	fds[0] = l.memory_fd;
	liar_send(&l, VHOST_SET_MEM_TABLE, VHOST_VERSION, NULL, 264, fds, 1);
	for (unsigned int i = 0; i < 20 && l.ended == 0; i++) {
		assert_int_equal(send_with_fds(l.sock, "", 1, &l.memory_fd, 1), 1);
		liar_run(&l);
		assert_int_equal(l.ended, i < 7 ? 0 : -EPROTO);
	}
	liar_close(&l);
}

// weftd has no descriptor left for one that comes: it says so, and how to allow more.
static void
test_no_descriptors_left(void **state)
{
	uint64_t index = 0;
	struct rlimit limit, none;
	struct liar l;
	int event;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	event = eventfd(0, EFD_NONBLOCK);
	liar_send(&l, VHOST_SET_VRING_CALL, VHOST_VERSION, &index, 8, &event, 1);
	close(event);
	getrlimit(RLIMIT_NOFILE, &limit);
	// All numbers below the lowest one that is free are in use.
	none = (struct rlimit){ (rlim_t)event, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_non_null(strstr(l.port->error, "LimitNOFILE"));
	liar_close(&l);
}

// Workers leave the rings once for all that has come; an answer says what is true already.
static void
test_rings_stop_once(void **state)
{
	const struct vhost_vring_state off = { 1, 0 }, on = { 1, 1 };
	union vhost_payload answer;
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_start(&l, 0);
	assert_true(l.port->running);
	l.suspended = 0;
	for (unsigned int i = 0; i < 10; i++) {
		liar_send(&l, VHOST_SET_VRING_ENABLE, VHOST_VERSION, &off, sizeof(off), NULL, 0);
		liar_send(&l, VHOST_SET_VRING_ENABLE, VHOST_VERSION, &on, sizeof(on), NULL, 0);
	}
	assert_int_equal(liar_run(&l), 0);
	// A run lasts some time, and this machine may be slow.
	assert_true(l.suspended >= 1 && l.suspended < 20);
	assert_true(l.port->running);
	assert_int_equal(l.port->from_guest, 1);
	liar_send(&l, VHOST_SET_VRING_ENABLE, VHOST_VERSION, &off, sizeof(off), NULL, 0);
	liar_send(&l, VHOST_SET_VRING_ENABLE, VHOST_VERSION | VHOST_NEED_REPLY, &on, sizeof(on), NULL, 0);
	assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), 0);
	while (!liar_has_answer(&l))
		assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), 0);
	assert_true(l.port->running);
	liar_answer(&l, VHOST_SET_VRING_ENABLE, &answer, NULL);
	liar_close(&l);
}

static void
test_budget_of_messages(void **state)
{
	struct vhost_header m = { VHOST_SET_OWNER, VHOST_VERSION, 0 };
	struct vhost_connection *c;
	struct liar l;

	(void)state;
	liar_open(&l);
	c = l.port->connection;
	// As many as allowed in each second.
	for (uint64_t ms = 1000; ms < 4000; ms++) {
		for (unsigned int i = 0; i < VHOST_BUDGET_MESSAGES / 1000; i++) {
			send_bytes(&l, &m, sizeof(m));
			assert_int_equal(vhost_connection_run(c, ms), 0);
		}
	}
	// Then a burst.
	for (unsigned int i = 0; i < VHOST_BUDGET_MESSAGES; i++) {
		send_bytes(&l, &m, sizeof(m));
		assert_int_equal(vhost_connection_run(c, 9000), 0);
	}
	send_bytes(&l, &m, sizeof(m));
	assert_int_equal(vhost_connection_run(c, 9000), -EBUSY);
	assert_non_null(strstr(l.port->error, "more than 4000 messages"));
	liar_close(&l);
}

// Who connects again has no more left than before.
static void
test_budget_is_the_ports(void **state)
{
	struct vhost_header m = { VHOST_SET_OWNER, VHOST_VERSION, 0 };
	int ret = 0, n = 0;
	struct liar l;

	(void)state;
	liar_open(&l);
	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int k = 0; k < VHOST_BUDGET_MESSAGES / 4; k++) {
			send_bytes(&l, &m, sizeof(m));
			assert_int_equal(vhost_connection_run(l.port->connection, 9000), 0);
		}
		lone_port_end(l.port);
		liar_settle(&l);
		close(l.sock);
		l.sock = lone_port_connect(l.port, 9000);
	}
	send_bytes(&l, &m, sizeof(m));
	assert_int_equal(vhost_connection_run(l.port->connection, 9000), -EBUSY);
	lone_port_end(l.port);
	liar_settle(&l);
	close(l.sock);
	// A second later it has all again.
	l.sock = lone_port_connect(l.port, 10000);
	while (ret == 0 && n++ <= VHOST_BUDGET_MESSAGES) {
		send_bytes(&l, &m, sizeof(m));
		ret = vhost_connection_run(l.port->connection, 10000);
	}
	assert_int_equal(n, VHOST_BUDGET_MESSAGES);
	assert_int_equal(ret, -EBUSY);
	liar_close(&l);
}

// After a message that leaves something to throw away the port waits until it is thrown away.
static void
test_one_bag_at_a_time(void **state)
{
	struct {
		uint64_t padding;
		struct vhost_region region;
	} add = { .region = { .gpa = 1, .size = 4096 } }; // misaligned
	int answered = 0;
	struct liar l;

	(void)state;
	liar_open(&l);
	liar_negotiate(&l, 0);
	for (unsigned int i = 0; i < 20; i++)
		liar_send(&l, VHOST_ADD_MEM_REG, VHOST_VERSION | VHOST_NEED_REPLY, &add, sizeof(add), &l.memory_fd, 1);
	assert_int_equal(vhost_connection_run(l.port->connection, clock_us() / 1000), 0);
	assert_int_equal(ioctl(l.sock, FIONREAD, &answered), 0);
	assert_int_equal(answered, sizeof(struct vhost_header) + sizeof(uint64_t));
	liar_settle(&l);
	liar_close(&l);
}

static void
test_budget_of_descriptors(void **state)
{
	int event = eventfd(0, EFD_NONBLOCK), fds[1] = { event };
	uint64_t index = 0;
	unsigned int n = 0;
	struct liar l;

	(void)state;
	liar_open(&l);
	while (l.ended == 0 && n < VHOST_BUDGET_MESSAGES) {
		liar_send(&l, VHOST_SET_VRING_CALL, VHOST_VERSION, &index, 8, fds, 1);
		l.ended = vhost_connection_run(l.port->connection, 1000);
		n++;
	}
	assert_int_equal(l.ended, -EBUSY);
	assert_int_equal(n, VHOST_BUDGET_FDS + 1);
	liar_close(&l);
	close(event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_many_in_one_piece),
		cmocka_unit_test(test_end_at_every_byte),
		cmocka_unit_test(test_answers_that_nobody_takes),
		cmocka_unit_test(test_descriptors_that_nobody_takes),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_lies_in_the_header),
		cmocka_unit_test(test_too_many_descriptors),
		cmocka_unit_test(test_no_descriptors_left),
		cmocka_unit_test(test_rings_stop_once),
		cmocka_unit_test(test_budget_of_messages),
		cmocka_unit_test(test_budget_is_the_ports),
		cmocka_unit_test(test_one_bag_at_a_time),
		cmocka_unit_test(test_budget_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

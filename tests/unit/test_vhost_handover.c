// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A connection with its memory and its rings goes from one port to another, and to another process: the guest notices nothing.
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#include "vhost/connection.h"
#include "vhost/handover.h"

struct giver {
	struct vhost_port *port;
	int sock, ret;
};

static void *
give(void *arg)
{
	struct giver *giver = arg;

	giver->ret = vhost_handover_send(giver->port, giver->sock);
	return NULL;
}

// Hands L's connection over to HEIR. Returns what the taker says.
static int
hand_over(struct liar *l, struct vhost_port *heir)
{
	struct giver giver = { .port = l->port };
	pthread_t thread;
	int pair[2], ret;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	giver.sock = pair[0];
	vhost_device_suspend(l->port);
	assert_int_equal(pthread_create(&thread, NULL, give, &giver), 0);
	ret = vhost_handover_receive(heir, pair[1], 0);
	close(pair[1]);
	pthread_join(thread, NULL);
	close(pair[0]);
	if (ret == 0)
		assert_int_equal(giver.ret, 0);
	return ret;
}

// Hands the connection over to a new port, which becomes L's.
static void
move(struct liar *l)
{
	struct vhost_port *heir = lone_port_open(&l->io, "heir"), *old = l->port;

	assert_int_equal(hand_over(l, heir), 0);
	assert_false(atomic_load(&heir->running));
	lone_port_end(old);
	assert_true(lone_port_settle(old));
	lone_port_close(old);
	l->port = heir;
	vhost_device_resume(heir);
}

// Frames that wait on both sides of the move come once, in order; and again after the next move.
static void
test_traffic_goes_on(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(guest_layouts); i++) {
		int call = eventfd(0, EFD_NONBLOCK);
		struct guest g;

		guest_start(&g, guest_layouts[i], call);
		for (unsigned int k = 0; k < 40; k++) {
			guest_check_traffic(&g);
			guest_send(&g, 7);
			guest_offer(&g, 11);
			move(&g.l);
			assert_true(atomic_load(&g.l.io.link));
			assert_int_equal(guest_echo(&g), 7);
			assert_int_equal(guest_take(&g), 7);
		}
		// The front end's messages go to the heir.
		for (unsigned int r = 0; r < 2; r++) {
			guest_stop_ring(&g, r);
			assert_int_equal(guest_start_ring(&g, r, call), 0);
		}
		guest_check_traffic(&g);
		guest_close(&g);
		close(call);
	}
}

// In-flight pages and the dirty log go along, with their place in their files.
static void
test_log_and_inflight_go_along(void **state)
{
	struct vhost_inflight_area area = { .size = 1 << 16, .offset = 4096, .n_queues = 2, .queue_size = GUEST_RING };
	union vhost_payload log = { .log = { .size = 8192, .offset = 4096 } };
	int pages = memfd_create("pages", MFD_CLOEXEC), bits = memfd_create("log", MFD_CLOEXEC);
	uint8_t dirty[8192], none[8192] = { 0 };
	union vhost_payload answer;
	struct guest g;

	(void)state;
	assert_int_equal(ftruncate(pages, 1 << 20), 0);
	assert_int_equal(ftruncate(bits, 12288), 0);
	guest_init(&g, PACKED | 1ULL << VHOST_F_LOG_ALL);
	liar_send(&g.l, VHOST_SET_LOG_BASE, VHOST_VERSION, &log, 16, &bits, 1);
	assert_int_equal(liar_run(&g.l), 0);
	liar_answer(&g.l, VHOST_SET_LOG_BASE, &answer, NULL);
	assert_int_equal(liar_tell(&g.l, VHOST_SET_INFLIGHT_FD, &area, sizeof(area), pages), 0);
	for (unsigned int r = 0; r < 2; r++)
		assert_int_equal(guest_start_ring(&g, r, -1), 0);
	guest_offer(&g, GUEST_RING / 2);
	guest_check_traffic(&g);
	move(&g.l);
	assert_int_equal(g.l.port->log.window.offset, 4096);
	assert_int_equal(g.l.port->inflight.window.offset, 4096);
	assert_int_equal(pwrite(bits, none, sizeof(none), 4096), sizeof(none));
	guest_check_traffic(&g);
	assert_int_equal(pread(bits, dirty, sizeof(dirty), 4096), sizeof(dirty));
	assert_memory_not_equal(dirty, none, sizeof(dirty));
	guest_close(&g);
	close(pages);
	close(bits);
}

// A message of which a part has come goes on at the heir; and an answer that nobody has read yet.
static void
test_messages_on_their_way(void **state)
{
	const struct __attribute__((packed)) {
		struct vhost_header header;
		uint64_t mtu;
	} message = { { VHOST_NET_SET_MTU, VHOST_VERSION | VHOST_NEED_REPLY, 8 }, 1400 };

	(void)state;
	for (size_t cut = 0; cut <= 20; cut++) {
		union vhost_payload answer;
		struct guest g;

		guest_start(&g, 0, -1);
		assert_int_equal(send(g.l.sock, &message, cut, 0), cut);
		assert_int_equal(liar_run(&g.l), 0);
		move(&g.l);
		assert_int_equal(send(g.l.sock, (const uint8_t *)&message + cut, 20 - cut, 0), 20 - cut);
		assert_int_equal(liar_run(&g.l), 0);
		liar_answer(&g.l, VHOST_NET_SET_MTU, &answer, NULL);
		assert_string_equal(g.l.port->error, "");
		assert_int_equal(answer.u64, 0);
		assert_int_equal(g.l.port->mtu, 1400);
		guest_check_traffic(&g);
		guest_close(&g);
	}
}

// A socket that is full: the answer's rest comes from the heir.
static void
test_answer_on_its_way(void **state)
{
	union vhost_payload answer;
	unsigned int asked = 0, got = 0;
	struct guest g;

	(void)state;
	guest_start(&g, 0, -1);
	while (!vhost_connection_waits(g.l.port->connection)) {
		liar_send(&g.l, VHOST_GET_FEATURES, VHOST_VERSION, NULL, 0, NULL, 0);
		assert_int_equal(liar_run(&g.l), 0);
		asked++;
	}
	move(&g.l);
	assert_true(vhost_connection_waits(g.l.port->connection));
	for (; got < asked; got++) {
		liar_answer(&g.l, VHOST_GET_FEATURES, &answer, NULL);
		liar_run(&g.l);
	}
	assert_false(liar_has_answer(&g.l));
	guest_close(&g);
}

// Memory that was added piece by piece goes over whole, also more than a table holds.
static void
test_many_regions(void **state)
{
	struct guest g;

	(void)state;
	guest_start(&g, 0, -1);
	for (uint64_t i = 0; i < 300; i++) {
		int fd = memfd_create("more", MFD_CLOEXEC);

		assert_int_equal(ftruncate(fd, 8192), 0);
		assert_int_equal(liar_set_region(&g.l, VHOST_ADD_MEM_REG, (UINT64_C(1) << 32) + i * 4096, 4096,
					 (UINT64_C(1) << 40) + i * 8192, 4096, fd),
			0);
		close(fd);
	}
	move(&g.l);
	assert_int_equal(g.l.port->memory->table.n, 301);
	assert_int_equal(liar_set_region(&g.l, VHOST_REM_MEM_REG, (UINT64_C(1) << 32) + 4096, 4096,
				 (UINT64_C(1) << 40) + 8192, 4096, -1),
		0);
	guest_check_traffic(&g);
	guest_close(&g);
}

// Whatever cuts the parcel short: the heir has nothing, no descriptor stays, and the giver goes on.
static void
test_taker_fails(void **state)
{
	struct guest g;

	(void)state;
	guest_start(&g, PACKED, -1);
	for (unsigned int i = 0; i < 3; i++) {
		static const char *const bad[] = { "", "half a header", "\1\0\0\0\1\0\0\0\xff\xff\xff\xff no payload" };
		struct weft_portio io = { .quiesce = g.l.io.quiesce };
		struct vhost_port *heir = lone_port_open(&io, "heir");
		unsigned int fds = count_fds(), windows = count_windows();
		int pair[2];

		vhost_device_suspend(g.l.port);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(send(pair[0], bad[i], i == 1 ? 11 : i * 10, 0), i == 1 ? 11 : i * 10);
		close(pair[0]);
		assert_true(vhost_handover_receive(heir, pair[1], 0) < 0);
		assert_string_not_equal(heir->error, "");
		assert_null(heir->connection);
		assert_null(heir->memory);
		close(pair[1]);
		assert_int_equal(count_fds(), fds);
		assert_int_equal(count_windows(), windows);
		lone_port_close(heir);
		vhost_device_resume(g.l.port);
		guest_check_traffic(&g);
	}
	// A port without a front end, and one that is about to lose it, have nothing to give.
	g.l.port->broken = VHOST_FAULT_CALL;
	assert_int_equal(vhost_handover_send(g.l.port, 0), -EFAULT);
	g.l.port->broken = VHOST_FAULT_NONE;
	guest_close(&g);
}

// The heir in another process: it takes the connection, says so, and echoes; this one has ended its own.
static void
run_heir(struct guest *g, int sock, int ready)
{
	struct vhost_port *heir = lone_port_open(&g->l.io, "heir");

	if (vhost_handover_receive(heir, sock, 0))
		_exit(2);
	g->l.port = heir;
	write(ready, "y", 1);
	// The giver says that it has ended.
	read(sock, &(char){ 0 }, 1);
	vhost_device_resume(heir);
	while (recv(sock, &(char){ 0 }, 1, MSG_DONTWAIT) < 0)
		guest_echo(g);
	_exit(0);
}

static void
test_another_process(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		int pair[2], ready[2], status;
		struct guest g;
		uint32_t sent;
		pid_t child;

		guest_start(&g, i ? PACKED : 0, -1);
		guest_check_traffic(&g);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(pipe(ready), 0);
		child = fork();
		if (child == 0) {
			close(pair[0]);
			run_heir(&g, pair[1], ready[1]);
		}
		close(pair[1]);
		vhost_device_suspend(g.l.port);
		assert_int_equal(vhost_handover_send(g.l.port, pair[0]), 0);
		assert_int_equal(read(ready[0], &(char){ 0 }, 1), 1);
		lone_port_end(g.l.port);
		liar_settle(&g.l);
		assert_int_equal(write(pair[0], "g", 1), 1);
		sent = g.sent;
		for (unsigned int k = 0; k < 2000 && g.received < sent + 1000; k++) {
			guest_send(&g, 10);
			guest_offer(&g, 10);
			usleep(500);
			guest_take(&g);
		}
		assert_true(g.received >= sent + 1000);
		close(pair[0]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		close(ready[0]);
		close(ready[1]);
		guest_close(&g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traffic_goes_on),
		cmocka_unit_test(test_log_and_inflight_go_along),
		cmocka_unit_test(test_messages_on_their_way),
		cmocka_unit_test(test_answer_on_its_way),
		cmocka_unit_test(test_many_regions),
		cmocka_unit_test(test_taker_fails),
		cmocka_unit_test(test_another_process),
	};

	return cmocka_run_group_tests(tests, guest_setup, NULL);
}

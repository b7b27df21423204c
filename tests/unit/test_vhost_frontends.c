// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The front ends' thread, on real sockets: whatever one front end does, or does not do, the others are served.
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "slow_file.h"
#include "stubborn.h"

#include "vhost/message.h"

#define MANY	100
#define LIARS	10
#define ROUNDS	10
#define AT_ONCE 100 // messages of a liar in a round
#define BEFORE	20  // rounds without the innocent one
#define STOP	VHOST_GET_VRING_BASE
#define NO_RING 7 // never started

static void
open_liars(struct stubborn *liars, unsigned int n, void (*quiesce)(void))
{
	for (unsigned int i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "liar%u", i);
		stubborn_open(&liars[i], name, i % 2, quiesce);
		stubborn_connect(&liars[i]);
	}
}

static void
close_liars(struct stubborn *liars, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		stubborn_close(&liars[i]);
}

// Front ends that send a part of a header, and wait: another one connects, and its rings start. Then they go on, and are
// answered too: nobody has ended them.
static void
test_silent_ones(void **state)
{
	static const unsigned int counts[] = { 3, MANY };
	struct stubborn *silent = calloc(MANY, sizeof(*silent)), innocent;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(counts); i++) {
		for (unsigned int server = 0; server < 2; server++) {
			open_liars(silent, counts[i], NULL);
			for (unsigned int k = 0; k < counts[i]; k++)
				stubborn_send(&silent[k], VHOST_GET_FEATURES, 0, -1, 1 + k % 11);
			stubborn_open(&innocent, "innocent", server, NULL);
			stubborn_connect(&innocent);
			assert_true(stubborn_ask(&innocent));
			stubborn_start(&innocent);
			for (unsigned int k = 0; k < counts[i]; k++) {
				assert_false(stubborn_has_answer(&silent[k]));
				stubborn_send_rest(&silent[k], VHOST_GET_FEATURES, 0, 1 + k % 11);
			}
			for (unsigned int k = 0; k < counts[i]; k++)
				assert_true(stubborn_answer(&silent[k]));
			stubborn_close(&innocent);
			close_liars(silent, counts[i]);
		}
	}
	free(silent);
}

// A front end that takes no answers is not read any more; all that it asked is answered when it takes them.
static void
test_answers_that_nobody_takes(void **state)
{
	struct vhost_header m = { VHOST_GET_FEATURES, VHOST_VERSION, 0 };
	struct stubborn liar, innocent;
	unsigned int sent = 0;

	(void)state;
	stubborn_open(&liar, "liar", true, NULL);
	stubborn_connect(&liar);
	stubborn_open(&innocent, "innocent", false, NULL);
	stubborn_connect(&innocent);
	for (unsigned int full = 0; full < 20;) {
		struct pollfd p = { .fd = liar.sock, .events = POLLOUT };

		if (send_with_fds(liar.sock, &m, sizeof(m), NULL, 0) == sizeof(m)) {
			sent++;
			full = 0;
		} else {
			assert_int_equal(errno, EAGAIN);
			full++;
			poll(&p, 1, 5);
		}
	}
	print_message("%u messages before the socket was full\n", sent);
	assert_true(stubborn_ask(&innocent));
	stubborn_start(&innocent);
	while (sent--)
		assert_true(stubborn_answer(&liar));
	assert_false(stubborn_has_answer(&liar));
	stubborn_close(&liar);
	stubborn_close(&innocent);
}

// A guest that was served and reconnects is served at once, whatever it left unread; one that was ended for a lie waits longer.
static void
test_reconnect(void **state)
{
	(void)state;
	for (unsigned int server = 0; server < 2; server++) {
		struct stubborn honest, liar;
		struct weft_io_status status;

		stubborn_open(&liar, "liar", server, NULL);
		stubborn_open(&honest, "honest", server, NULL);
		stubborn_connect(&honest);
		stubborn_start(&honest);
		stubborn_connect(&liar);
		stubborn_send(&liar, 47, 0, -1, 0);
		stubborn_wait_end(&liar);
		stubborn_wait_error(&liar, "sent an unknown message (request 47), which weft does not offer");
		stubborn_disconnect(&liar);
		if (server) {
			stubborn_connect(&liar);
			stubborn_send(&liar, VHOST_GET_FEATURES, 0, -1, 0);
		}
		for (unsigned int i = 0; i < 3; i++) {
			for (unsigned int k = 0; k < 10; k++)
				stubborn_send(&honest, VHOST_SET_OWNER, 0, -1, 0);
			stubborn_disconnect(&honest);
			stubborn_connect(&honest);
			stubborn_wait_link(&honest, false);
			stubborn_start(&honest);
		}
		weft_vhost_ops.status(&honest.io, &status);
		assert_int_equal(status.connects, 4);
		assert_string_equal(status.error, "");
		// The liar's turn comes later.
		if (server) {
			assert_false(stubborn_has_answer(&liar));
			assert_true(stubborn_answer(&liar));
		} else {
			struct pollfd p = { .fd = liar.listener, .events = POLLIN };

			assert_int_equal(poll(&p, 1, 0), 0);
			stubborn_connect(&liar);
			assert_true(stubborn_ask(&liar));
		}
		stubborn_close(&honest);
		stubborn_close(&liar);
	}
}

static void
test_second_front_end(void **state)
{
	struct stubborn first, second;

	(void)state;
	stubborn_open(&first, "first", true, NULL);
	stubborn_connect(&first);
	assert_true(stubborn_ask(&first));
	for (unsigned int i = 0; i < 5; i++) {
		second = first;
		stubborn_connect(&second);
		stubborn_wait_end(&second);
		stubborn_wait_error(&first, "a second guest connected to the socket and was refused");
		stubborn_disconnect(&second);
		assert_true(stubborn_ask(&first));
	}
	// The first one ends: then the next one is served.
	second = first;
	stubborn_disconnect(&first);
	stubborn_connect(&second);
	assert_true(stubborn_ask(&second));
	stubborn_close(&second);
}

// Two ports do not share a socket, and a port takes no socket or file that is another's.
static void
test_sockets_of_others(void **state)
{
	struct stubborn s;
	struct weft_portio io = { 0 };
	struct weft_attach attach = { .server = true, .queues = 1, .name = "other" };
	struct weft_error err = { 0 };
	FILE *f;

	(void)state;
	stubborn_open(&s, "socket", true, NULL);
	memcpy(attach.path, s.path, sizeof(attach.path));
	assert_int_equal(weft_vhost_ops.open(&io, &attach, &err), -EEXIST);
	assert_non_null(strstr(err.text, "is used by another port"));
	strcat(attach.path, ".file");
	f = fopen(attach.path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(weft_vhost_ops.open(&io, &attach, &err), -EEXIST);
	assert_non_null(strstr(err.text, "is not a socket"));
	unlink(attach.path);
	stubborn_wait_fds(1);
	stubborn_close(&s);
}

// A port goes while its front end is at any point of a conversation: nothing stays.
static void
test_port_that_goes(void **state)
{
	int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	(void)state;
	for (unsigned int server = 0; server < 2; server++) {
		for (size_t cut = 0; cut < 20; cut++) {
			struct stubborn s;

			stubborn_open(&s, "port", server, NULL);
			stubborn_connect(&s);
			if (cut % 3 == 0)
				stubborn_start(&s);
			stubborn_send(&s, VHOST_GET_FEATURES, 0, -1, 0);
			if (cut)
				stubborn_send(&s, VHOST_SET_VRING_CALL, 0, event, cut);
			if (cut % 2)
				assert_true(stubborn_answer(&s));
			weft_vhost_ops.close(&s.io);
			stubborn_wait_end(&s);
			stubborn_disconnect(&s);
			if (s.listener >= 0)
				close(s.listener);
			unlink(s.path);
			stubborn_wait_fds(1);
		}
	}
	close(event);
}

// The descriptors of refused messages are closed, and so is the connection's.
static void
test_refused_descriptors(void **state)
{
	int pair[2], all[VHOST_FDS_AT_ONCE];
	struct vhost_header m = { VHOST_SET_VRING_CALL, VHOST_VERSION, 0 };

	(void)state;
	assert_int_equal(pipe(pair), 0);
	for (unsigned int i = 0; i < RTE_DIM(all); i++)
		all[i] = pair[i % 2];
	for (unsigned int n = 1; n <= RTE_DIM(all); n += n < 10 ? 1 : 81) {
		struct stubborn s;

		stubborn_open(&s, "port", n % 2, NULL);
		stubborn_connect(&s);
		assert_int_equal(send_with_fds(s.sock, &m, sizeof(m), all, n), sizeof(m));
		stubborn_wait_end(&s);
		stubborn_wait_error(&s, n > VHOST_MAX_FDS ? "more than 8 descriptors" : "no eventfd");
		// The pipe's, and the front end's sockets.
		stubborn_disconnect(&s);
		stubborn_wait_fds(2 + 1);
		stubborn_close(&s);
		stubborn_wait_fds(2);
	}
	close(pair[0]);
	close(pair[1]);
}

// A front end that sends messages without end is ended by name.
static void
test_flood(void **state)
{
	struct vhost_header m[500];
	size_t done = 0; // of the messages' bytes: a socket may take a part
	struct stubborn s;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(m); i++)
		m[i] = (struct vhost_header){ VHOST_SET_OWNER, VHOST_VERSION, 0 };
	stubborn_open(&s, "port", true, NULL);
	stubborn_connect(&s);
	for (;;) {
		struct pollfd p = { .fd = s.sock, .events = POLLOUT };
		ssize_t n = send_with_fds(s.sock, (uint8_t *)m + done, sizeof(m) - done, NULL, 0);

		if (n < 0 && errno != EAGAIN)
			break;
		if (n < 0)
			assert_int_equal(poll(&p, 1, STUBBORN_WAIT_MS), 1);
		else
			done = (done + (size_t)n) % sizeof(m);
	}
	stubborn_wait_error(&s, "sent more than 4000 messages");
	stubborn_wait_end(&s);
	stubborn_close(&s);
}

static sem_t held, go;
static _Atomic bool holding;
static _Atomic unsigned int n_handled, innocent_at; // messages of liars; how many of them came before the innocent's

// The front ends' thread calls these for a message that stops rings.
static void
hold(void)
{
	if (!atomic_load(&holding))
		return;
	sem_post(&held);
	sem_wait(&go);
}

static void
note_liar(void)
{
	atomic_fetch_add(&n_handled, 1);
}

static void
note_innocent(void)
{
	atomic_store(&innocent_at, atomic_load(&n_handled));
}

static void
send_all(struct stubborn *liars)
{
	for (unsigned int i = 0; i < LIARS * AT_ONCE; i++)
		stubborn_send(&liars[i % LIARS], STOP, NO_RING, -1, 0);
}

static void
take_all(struct stubborn *liars)
{
	for (unsigned int i = 0; i < LIARS * AT_ONCE; i++)
		assert_true(stubborn_answer(&liars[i % LIARS]));
}

// Ten front ends have sent much when one more sends a message: it is handled before most of theirs.
static void
test_fairness(void **state)
{
	struct stubborn liars[LIARS], holder, innocent;
	unsigned int soon = 0, worst = 0;

	(void)state;
	sem_init(&held, 0, 0);
	sem_init(&go, 0, 0);
	open_liars(liars, LIARS, note_liar);
	for (unsigned int i = 0; i < LIARS; i++)
		stubborn_start(&liars[i]);
	stubborn_open(&innocent, "innocent", true, note_innocent);
	stubborn_connect(&innocent);
	stubborn_start(&innocent);
	// Now they have kept the thread busy for longer.
	for (unsigned int i = 0; i < BEFORE; i++) {
		send_all(liars);
		take_all(liars);
	}
	for (unsigned int round = 0; round < ROUNDS; round++) {
		// Another one each time: it pays for the time.
		stubborn_open(&holder, "holder", true, hold);
		stubborn_connect(&holder);
		stubborn_start(&holder);
		atomic_store(&holding, true);
		stubborn_send(&holder, STOP, NO_RING, -1, 0);
		sem_wait(&held);
		// The thread stands still. Meanwhile all of this comes.
		atomic_store(&n_handled, 0);
		send_all(liars);
		stubborn_send(&innocent, STOP, NO_RING, -1, 0);
		atomic_store(&holding, false);
		sem_post(&go);
		assert_true(stubborn_answer(&innocent));
		take_all(liars);
		assert_int_equal(n_handled, LIARS * AT_ONCE);
		soon += innocent_at <= LIARS * AT_ONCE / 4;
		worst = RTE_MAX(worst, innocent_at);
		stubborn_close(&holder);
	}
	print_message(
		"%u of %u times soon; %u messages before it at worst, of %u\n", soon, ROUNDS, worst, LIARS * AT_ONCE);
	assert_true(soon >= ROUNDS / 2);
	stubborn_close(&innocent);
	close_liars(liars, LIARS);
	sem_destroy(&held);
	sem_destroy(&go);
}

// Threads that close and unmap; those that have nothing to do too.
static unsigned int
count_trash_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;
	unsigned int n = 0;

	assert_non_null(tasks);
	while ((task = readdir(tasks))) {
		char path[64], name[20] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", task->d_name);
		f = fopen(path, "re");
		if (f && fgets(name, sizeof(name), f))
			n += strcmp(name, "weft-trash\n") == 0;
		if (f)
			fclose(f);
	}
	closedir(tasks);
	return n;
}

static void
wait_for_trash_threads(unsigned int least)
{
	for (unsigned int i = 0; count_trash_threads() < least; i++) {
		assert_true(i < STUBBORN_WAIT_MS / 10);
		usleep(10000);
	}
}

// Descriptors that take for ever to close: others are served, ports go, and nothing is left when they are closed at last.
static void
test_slow_files(void **state)
{
	static const char *const names[] = { "sockets that linger", "sockets that linger, in a queue",
		"files of FUSE" };
	const uint32_t m[5] = { VHOST_SET_VRING_CALL, VHOST_VERSION, 8 };

	(void)state;
	for (unsigned int kind = 0; kind < SLOW_KINDS; kind++) {
		struct stubborn liars[6], innocent;
		bool can = true;

		open_liars(liars, RTE_DIM(liars), NULL);
		// The descriptor comes with the first bytes; the others make the message whole.
		for (unsigned int i = 0; can && i < RTE_DIM(liars); i++) {
			can = slow_file_send(kind, liars[i].sock, m, 5);
			if (!can)
				break;
			assert_int_equal(send_with_fds(liars[i].sock, (const uint8_t *)m + 5, 15, NULL, 0), 15);
			stubborn_wait_error(&liars[i], "no eventfd");
		}
		if (!can)
			print_message("no %s here: left out\n", names[kind]);
		stubborn_open(&innocent, "innocent", kind % 2, NULL);
		stubborn_connect(&innocent);
		stubborn_start(&innocent);
		for (unsigned int i = 0; i < 20; i++)
			assert_true(stubborn_ask(&innocent));
		if (can) {
			// Each of them holds up one thread, and its own port, which can go nevertheless.
			wait_for_trash_threads(RTE_DIM(liars));
			close_liars(liars, RTE_DIM(liars) / 2);
			assert_true(stubborn_ask(&innocent));
			slow_file_end(kind);
			for (unsigned int i = RTE_DIM(liars) / 2; i < RTE_DIM(liars); i++) {
				stubborn_disconnect(&liars[i]);
				stubborn_connect(&liars[i]);
				assert_true(stubborn_ask(&liars[i]));
				stubborn_close(&liars[i]);
			}
		} else {
			close_liars(liars, RTE_DIM(liars));
		}
		stubborn_close(&innocent);
		stubborn_wait_fds(0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_ones),
		cmocka_unit_test(test_answers_that_nobody_takes),
		cmocka_unit_test(test_reconnect),
		cmocka_unit_test(test_second_front_end),
		cmocka_unit_test(test_sockets_of_others),
		cmocka_unit_test(test_port_that_goes),
		cmocka_unit_test(test_refused_descriptors),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_fairness),
		cmocka_unit_test(test_slow_files),
	};
	int failed;

	slow_file_init();
	failed = cmocka_run_group_tests(tests, stubborn_setup, stubborn_teardown);
	slow_file_end(SLOW_FUSE);
	return failed;
}

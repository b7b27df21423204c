// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// weftd's socket and its clients, with a libevent loop that the test turns.
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "weft/user.h"

#include "fixture.h"
#include "control/api/server.h"
#include "control/state/state.h"

#define PLACES 128 // of clients, in control/api/client.c
#define WAITER "{\"method\": \"wait\", \"id\": 1}\n"
#define TURNS  2000

static char dir[] = "/tmp/weft-test-XXXXXX";
static struct weft_call *waiting[2 * PLACES];
static unsigned int n_waiting, n_done, asked_for_names, slow_us, shortened;

// A machine that takes its time over each client, a network that answers slowly when it is asked for a name, and 30 seconds
// that pass quickly.
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int
__wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	usleep(slow_us);
	return __real_getsockopt(fd, level, name, value, len);
}

struct passwd *__wrap_getpwuid(uid_t uid);
struct passwd *
__wrap_getpwuid(uid_t uid)
{
	(void)uid;
	asked_for_names++;
	return NULL;
}

struct group *__real_getgrnam(const char *name);
struct group *__wrap_getgrnam(const char *name);
struct group *
__wrap_getgrnam(const char *name)
{
	asked_for_names++;
	return __real_getgrnam(name);
}

int __real_event_add(struct event *event, const struct timeval *in);
int __wrap_event_add(struct event *event, const struct timeval *in);
int
__wrap_event_add(struct event *event, const struct timeval *in)
{
	static const struct timeval soon = { .tv_usec = 20000 };

	if (in && in->tv_sec == 30) {
		shortened++;
		in = &soon;
	}
	return __real_event_add(event, in);
}

static void
run(struct weft_call *call, const char *method, const json_t *params, bool may_change)
{
	(void)params, (void)may_change;
	if (strcmp(method, "wait") == 0) {
		waiting[n_waiting++] = call;
		return;
	}
	n_done++;
	weft_call_result(call, json_object());
}

static int
start(void **state)
{
	struct weft_error err = { "" };

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	n_waiting = n_done = slow_us = shortened = 0;
	if (mkdtemp(dir) == NULL || (weft_ctl.base = event_base_new()) == NULL)
		return -1;
	snprintf(weft_ctl.config.socket, sizeof(weft_ctl.config.socket), "%s/sock", dir);
	snprintf(weft_ctl.config.socket_group, sizeof(weft_ctl.config.socket_group), "%s", getgrgid(getgid())->gr_name);
	weft_ctl.config.socket_mode = 0600;
	return weft_server_start(run, &err);
}

static void
turn(unsigned int times)
{
	while (times--)
		event_base_loop(weft_ctl.base, EVLOOP_NONBLOCK);
}

static int
stop(void **state)
{
	(void)state;
	weft_server_stop();
	for (unsigned int i = 0; i < n_waiting; i++)
		weft_call_result(waiting[i], json_object());
	// The test has closed its ends.
	for (unsigned int i = 0; weft_ctl.clients && i < TURNS; i++)
		turn(1);
	event_base_free(weft_ctl.base);
	rmdir(dir);
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	return weft_ctl.clients ? -1 : 0;
}

static int
open_client(const char *send)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", weft_ctl.config.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(fd, send, strlen(send)), strlen(send));
	return fd;
}

// Whether weftd has ended the connection, and has said WHY.
static bool
is_ended(int fd, const char *why)
{
	char text[512];
	ssize_t len = read(fd, text, sizeof(text) - 1);

	if (len < 0)
		return false;
	text[len] = 0;
	if (strstr(text, why) == NULL)
		fail_msg("\"%s\" does not contain \"%s\"", text, why);
	return true;
}

// Many come at once, the first of them with a request, and there is not room for all.
static void
who_has_asked_is_not_taken_for_silent(void **state)
{
	int client[PLACES + 33];
	unsigned int n = 0;

	(void)state;
	while (n < 100) {
		client[n++] = open_client(WAITER);
		turn(3);
	}
	turn(20);
	assert_int_equal(n_waiting, 100);
	slow_us = 1100;
	client[n++] = open_client(WAITER);
	while (n < RTE_DIM(client))
		client[n++] = open_client("");
	for (unsigned int i = 0; weft_ctl.clients_ended < RTE_DIM(client) - PLACES && i < TURNS; i++)
		turn(1);
	turn(20);
	assert_int_equal(weft_ctl.clients, PLACES);
	for (unsigned int i = 0; i <= 100; i++)
		assert_false(is_ended(client[i], ""));
	assert_int_equal(n_waiting, 101);
	assert_true(is_ended(client[101], "it is silent"));
	for (unsigned int i = 0; i < n; i++)
		close(client[i]);
}

// Only the group's name is asked for, and only at the start.
static void
no_name_is_asked_for_when_a_client_comes(void **state)
{
	unsigned int before = asked_for_names;
	char name[WEFT_USER_SIZE];
	int fd = open_client("{\"method\": \"x\"}\n");

	(void)state;
	assert_true(before);
	for (unsigned int i = 0; n_done == 0 && i < TURNS; i++)
		turn(1);
	assert_int_equal(n_done, 1);
	assert_int_equal(asked_for_names, before);
	assert_true(weft_user_name(0, name));
	assert_string_equal(name, "root");
	assert_false(weft_user_name(3999999999, name));
	assert_string_equal(name, "uid 3999999999");
	close(fd);
}

static void
half_a_request_has_a_deadline(void **state)
{
	int fd = open_client("{\"method\": \"x\"}\n{\"meth"), silent = open_client(""), waiter = open_client(WAITER);
	char answer[128];

	(void)state;
	for (unsigned int i = 0; n_done + n_waiting < 2 && i < TURNS; i++)
		turn(1);
	assert_true(read(fd, answer, sizeof(answer)) > 0);
	for (unsigned int i = 0; weft_ctl.clients > 2 && i < TURNS; i++) {
		turn(1);
		usleep(1000);
	}
	assert_true(is_ended(fd, "the rest of its request has not come within 30 s"));
	// Who has sent nothing, or whole requests only, may wait.
	assert_int_equal(weft_ctl.clients, 2);
	assert_int_equal(shortened, 1);
	close(fd);
	close(silent);
	close(waiter);
}

// A long request that goes on coming, however slowly, is carried out.
static void
long_request_may_take_its_time(void **state)
{
	static char part[5000];
	int fd = open_client("{\"method\": \"x\", \"params\": {\"text\": \"");

	(void)state;
	memset(part, 'x', sizeof(part));
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(write(fd, part, sizeof(part)), sizeof(part));
		turn(2);
		usleep(1000);
	}
	assert_int_equal(write(fd, "\"}}\n", 4), 4);
	for (unsigned int i = 0; n_done == 0 && i < TURNS; i++)
		turn(1);
	assert_true(shortened > 2);
	assert_int_equal(n_done, 1);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_has_asked_is_not_taken_for_silent),
		TEST(no_name_is_asked_for_when_a_client_comes),
		TEST(half_a_request_has_a_deadline),
		TEST(long_request_may_take_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

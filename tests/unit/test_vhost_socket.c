// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a client port connects to: the socket at its path, and nothing that stands there in its place.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhost/socket.h"

static char folder[] = "/tmp/weft-socket-XXXXXX";

static const char *
in_folder(const char *name)
{
	static char path[2][64];
	static unsigned int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

// A front end that listens at NAME.
static int
listen_at(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", in_folder(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void
test_connects_to_a_socket(void **state)
{
	int listener = listen_at("socket"), fd = vhost_socket_connect(in_folder("socket"));

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	close(listener);
	assert_int_equal(vhost_socket_connect(in_folder("socket")), -ECONNREFUSED);
	unlink(in_folder("socket"));
	assert_int_equal(vhost_socket_connect(in_folder("socket")), -ENOENT);
}

// Whoever may write in the folder could lead weftd to another socket of the machine, another port's among them.
static void
test_follows_no_link(void **state)
{
	int listener = listen_at("victim");

	(void)state;
	assert_int_equal(symlink("victim", in_folder("link")), 0);
	assert_int_equal(vhost_socket_connect(in_folder("link")), -ENOTSOCK);
	unlink(in_folder("link"));
	unlink(in_folder("victim"));
	close(listener);
}

static void
test_takes_no_other_file(void **state)
{
	(void)state;
	close(open(in_folder("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
	assert_int_equal(vhost_socket_connect(in_folder("file")), -ENOTSOCK);
	assert_int_equal(vhost_socket_connect(in_folder("fifo")), -ENOTSOCK);
	assert_int_equal(vhost_socket_connect(in_folder("folder")), -ENOTSOCK);
	unlink(in_folder("file"));
	unlink(in_folder("fifo"));
	rmdir(in_folder("folder"));
}

static unsigned int n_named, n_any;

static void
count(const char *name)
{
	if (name)
		n_named += strcmp(name, "socket") == 0;
	else
		n_any++;
}

// A port that waits for a socket is told when it appears; and also when that is not certain, since it rarely looks itself.
static void
test_tells_what_appears(void **state)
{
	char path[64];
	int folders = vhost_socket_folders(), listener;

	(void)state;
	snprintf(path, sizeof(path), "%s/in/socket", folder);
	assert_int_equal(vhost_socket_watch(folders, path), -ENOENT);
	assert_int_equal(mkdir(in_folder("in"), 0700), 0);
	assert_int_equal(vhost_socket_watch(folders, path), 0);
	listener = listen_at("in/socket");
	vhost_socket_read_folders(folders, count);
	assert_int_equal(n_named, 1);
	assert_int_equal(n_any, 0);
	assert_int_equal(rename(in_folder("in"), in_folder("out")), 0);
	vhost_socket_read_folders(folders, count);
	assert_int_equal(n_any, 1);
	unlink(in_folder("out/socket"));
	rmdir(in_folder("out"));
	close(listener);
	close(folders);
}

// More events than the kernel keeps.
static void
test_tells_that_something_was_lost(void **state)
{
	int folders = vhost_socket_folders();
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned int most;

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &most), 1);
	fclose(f);
	n_any = 0;
	assert_int_equal(vhost_socket_watch(folders, in_folder("x")), 0);
	for (unsigned int i = 0; i < most + 2; i++) {
		close(open(in_folder(i % 2 ? "a" : "b"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
		unlink(in_folder(i % 2 ? "a" : "b"));
	}
	for (unsigned int i = 0; i < most && n_any == 0; i++)
		vhost_socket_read_folders(folders, count);
	assert_int_equal(n_any, 1);
	close(folders);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connects_to_a_socket),
		cmocka_unit_test(test_follows_no_link),
		cmocka_unit_test(test_takes_no_other_file),
		cmocka_unit_test(test_tells_what_appears),
		cmocka_unit_test(test_tells_that_something_was_lost),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What `port show` says of a guest whose ring a worker has stopped, and of one whose front end comes again. With the front ends'
// thread, on real sockets.
#include "stubborn.h"

#include "vhost/message.h"
#include "vhost/port.h"

// The worker finds a fault and stops one ring: the link goes down, though the front end says nothing; and up again when it sets the
// ring up anew.
static void
test_link_after_a_fault(void **state)
{
	(void)state;
	for (unsigned int server = 0; server < 2; server++) {
		struct rte_mbuf *pkts[VHOST_BURST];
		int64_t bytes = INT64_MAX;
		struct weft_io_status status;
		struct vhost_port *port;
		struct stubborn s;

		stubborn_open(&s, "port", server, NULL);
		stubborn_connect(&s);
		stubborn_start(&s);
		port = s.io.priv;
		port->rings[1].avail->idx = 1000;
		assert_int_equal(weft_vhost_ops.rx(&s.io, 0, pkts, VHOST_BURST, &bytes), 0);
		stubborn_wait_link(&s, false);
		stubborn_wait_error(&s, "moved its available index");
		port->rings[1].avail->idx = 0;
		stubborn_send(&s, VHOST_SET_VRING_KICK, 1 | VHOST_VRING_NO_FD, -1, 0);
		stubborn_wait_link(&s, true);
		weft_vhost_ops.status(&s.io, &status);
		assert_string_equal(status.error, "");
		assert_int_equal(status.connects, 2);
		stubborn_close(&s);
	}
}

// A front end that is refused connects again and again: its error stays, and is an old one as soon as the next connection speaks.
static void
test_error_of_an_earlier_front_end(void **state)
{
	struct weft_io_status status;
	struct stubborn s;

	(void)state;
	stubborn_open(&s, "port", false, NULL);
	for (unsigned int i = 0; i < 2; i++) {
		stubborn_connect(&s);
		stubborn_send(&s, 28, 0, -1, 0);
		stubborn_wait_end(&s);
		weft_vhost_ops.status(&s.io, &status);
		assert_string_equal(
			status.error, "the front end sent POSTCOPY_ADVISE (request 28), which weft does not offer");
		stubborn_disconnect(&s);
	}
	stubborn_connect(&s);
	assert_true(stubborn_ask(&s));
	weft_vhost_ops.status(&s.io, &status);
	assert_string_equal(
		status.error, "before: the front end sent POSTCOPY_ADVISE (request 28), which weft does not offer");
	stubborn_start(&s);
	weft_vhost_ops.status(&s.io, &status);
	assert_string_equal(status.error, "");
	stubborn_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_after_a_fault),
		cmocka_unit_test(test_error_of_an_earlier_front_end),
	};

	return cmocka_run_group_tests(tests, stubborn_setup, stubborn_teardown);
}

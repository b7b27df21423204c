// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// When the front ends' thread looks at which port, which port a socket belongs to, and who has asked it to look.
#include <errno.h>
#include <stdlib.h>

#include "liar.h"

#include "vhost/agenda.h"
#include "vhost/names.h"
#include "vhost/pace.h"
#include "vhost/wake.h"

#define N 1000

static struct vhost_port ports[N];

static void
check_next(void)
{
	uint64_t least = VHOST_NEVER;

	for (unsigned int i = 0; i < N; i++) {
		if (ports[i].agenda)
			least = RTE_MIN(least, ports[i].due_ms);
	}
	assert_int_equal(vhost_agenda_next(), least);
}

// Whatever is set, moved and taken out: the next one is the earliest.
static void
test_earliest_first(void **state)
{
	uint64_t last = 0;
	unsigned int n = 0;

	(void)state;
	memset(ports, 0, sizeof(ports));
	srandom(7);
	assert_int_equal(vhost_agenda_next(), VHOST_NEVER);
	assert_null(vhost_agenda_take(VHOST_NEVER - 1));
	for (unsigned int i = 0; i < 20 * N; i++) {
		struct vhost_port *port = &ports[random() % N];
		bool out = random() % 4 == 0;

		vhost_agenda_set(port, out ? VHOST_NEVER : (uint64_t)random() % 500);
		assert_int_equal(port->agenda != 0, !out);
		if (i % 10 == 0)
			check_next();
	}
	for (unsigned int i = 0; i < N; i++)
		n += ports[i].agenda != 0;
	assert_true(n > N / 2);
	assert_true(vhost_agenda_next() == 0 || vhost_agenda_take(vhost_agenda_next() - 1) == NULL);
	while (n) {
		struct vhost_port *port = vhost_agenda_take(500);

		assert_non_null(port);
		assert_int_equal(port->agenda, 0);
		assert_true(port->due_ms >= last);
		last = port->due_ms;
		n--;
	}
	assert_int_equal(vhost_agenda_next(), VHOST_NEVER);
}

// Ports in two folders have sockets of the same names.
static void
test_names(void **state)
{
	struct vhost_port *port = NULL, *never = &ports[N - 1];
	unsigned int found = 0;

	(void)state;
	memset(ports, 0, sizeof(ports));
	for (unsigned int i = 0; i < N - 1; i++) {
		snprintf(ports[i].path, sizeof(ports[i].path), "/run/%s/vm%u", i & 1 ? "odd" : "even", i / 2);
		vhost_names_add(&ports[i]);
	}
	snprintf(never->path, sizeof(never->path), "vm7");
	vhost_names_remove(never);
	while ((port = vhost_names_next(port, "vm7"))) {
		assert_string_equal(vhost_names_base(port->path), "vm7");
		found++;
	}
	assert_int_equal(found, 2);
	assert_null(vhost_names_next(NULL, "vm"));
	vhost_names_remove(&ports[14]);
	assert_ptr_equal(vhost_names_next(NULL, "vm7"), &ports[15]);
	assert_null(vhost_names_next(&ports[15], "vm7"));
	for (unsigned int i = 0; i < N - 1; i++)
		vhost_names_remove(&ports[i]);
	assert_null(vhost_names_next(NULL, "vm7"));
	assert_string_equal(vhost_names_base("alone"), "alone");
}

// A port that workers flag again and again is there once, and again after it was taken.
static void
test_flags(void **state)
{
	unsigned int n = 0;

	(void)state;
	memset(ports, 0, sizeof(ports));
	assert_true(vhost_wake_init() >= 0);
	assert_null(vhost_wake_take());
	for (unsigned int i = 0; i < 3 * N; i++)
		vhost_guard_stop(&ports[i % N], VHOST_FAULT_MEMORY);
	for (struct vhost_port *port = vhost_wake_take(); port; port = port->next_flagged) {
		atomic_store(&port->flagged, false);
		n++;
	}
	assert_int_equal(n, N);
	vhost_wake_for(&ports[3]);
	assert_ptr_equal(vhost_wake_take(), &ports[3]);
	assert_null(ports[3].next_flagged);
}

// Who keeps the thread busy waits, and has a tenth of the time.
static void
test_budget(void **state)
{
	struct vhost_port *port = &ports[0];

	(void)state;
	memset(ports, 0, sizeof(ports));
	vhost_pace_init(port, 1000);
	assert_true(vhost_pace_allows(port, 1000));
	port->left_us -= 100000;
	assert_false(vhost_pace_allows(port, 1005));
	assert_true(vhost_pace_allows(port, 1010));
	port->left_us = -50000;
	assert_false(vhost_pace_allows(port, 400000));
	assert_true(vhost_pace_allows(port, 502000));
	// What was not used for an hour is no more than was there at first.
	assert_true(vhost_pace_allows(port, UINT64_C(3600000000)));
	assert_int_equal(port->left_us, 100000);
}

// Front ends that weft had to stop wait longer and longer; those that end by themselves connect again at once.
static void
test_next_try(void **state)
{
	struct weft_portio io = { .slot = 5 };
	struct vhost_port *port = &ports[0];
	uint64_t wait = 0, now = 1000000;

	(void)state;
	memset(ports, 0, sizeof(ports));
	port->io = &io;
	vhost_pace_init(port, 0);
	for (unsigned int i = 0; i < 10; i++) {
		vhost_pace_ended(port, -EFAULT, VHOST_FAULT_MEMORY, now - 10, now);
		assert_true(port->next_try_ms - now >= wait);
		wait = port->next_try_ms - now;
		vhost_pace_hurry(port);
		assert_int_equal(port->next_try_ms, now + wait);
		now += wait + 10;
	}
	assert_int_equal(wait, 60000);
	vhost_pace_ended(port, -EFAULT, VHOST_FAULT_MEMORY, now, now + 60001);
	assert_int_equal(port->next_try_ms, now + 60001 + 1000);
	port->offences = 0;
	port->was_up = true;
	vhost_pace_ended(port, -ECONNRESET, VHOST_FAULT_NONE, now, now + 1);
	assert_int_equal(port->next_try_ms, 0);
	vhost_pace_ended(port, -EPROTO, VHOST_FAULT_NONE, now, now + 1);
	assert_int_equal(port->next_try_ms, now + 1001);
	vhost_pace_hurry(port);
	for (unsigned int i = 0; i < 12; i++)
		vhost_pace_missed(port, now, false);
	assert_int_equal(port->next_try_ms, now + 1000 + 5);
	// Where weft is told of a socket, it rarely looks; a socket that is there and refuses is tried each second.
	for (unsigned int i = 0; i < 4; i++)
		vhost_pace_missed(port, now, true);
	assert_int_equal(port->next_try_ms, now + 8000 + 5);
	vhost_pace_missed(port, now, false);
	assert_int_equal(port->next_try_ms, now + 1000 + 5);
	vhost_pace_missed(port, now, true);
	vhost_pace_hurry(port);
	assert_int_equal(port->next_try_ms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_earliest_first),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_next_try),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

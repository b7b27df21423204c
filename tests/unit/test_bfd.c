// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// BFD between hosts, with this test as the other host (RFC 5880).
#include "underlay.h"

#include <rte_cycles.h>
#include <rte_ip.h>
#include "pipeline/send/drop.h"

#define BFD_LEN	    (14 + 20 + 8 + 24)
#define AT	    42 // of the packet behind the headers
#define INTERVAL_US 50000

enum { ADMIN_DOWN, DOWN, INIT, UP };

static uint64_t now;

static int
setup(void **state)
{
	int ret = underlay_setup(state);

	underlay->bfd = (struct weft_bfd_conf){ .interval_us = INTERVAL_US, .multiplier = 3 };
	peer.bfd = true;
	now = rte_get_tsc_hz();
	return ret;
}

static void
pass_ms(struct fixture *f, unsigned int ms)
{
	for (unsigned int i = 0; i < ms; i++) {
		now += rte_get_tsc_hz() / 1000;
		weft_bfd_sweep(f->w, now);
		f->w->outbox.flush_port(f->w, UPLINK);
		f->w->outbox.port[UPLINK].dirty = false;
		f->w->outbox.n_dirty = 0;
	}
}

// The last packet that was sent.
static const uint8_t *
last(const struct fixture *f)
{
	const uint8_t *frame;

	assert_true(f->n_sent > 0);
	frame = f->sent[f->n_sent - 1].data;
	assert_int_equal(f->sent[f->n_sent - 1].len, BFD_LEN);
	assert_int_equal(frame[22], 255); // TTL
	assert_memory_equal(frame + 36, "\x0e\xc8", 2);
	assert_int_equal(rte_ipv4_cksum((const void *)(frame + 14)), 0);
	assert_int_equal(rte_ipv4_udptcp_cksum_verify((const void *)(frame + 14), frame + 34), 0);
	assert_int_equal(frame[AT] >> 5, 1);
	assert_int_equal(frame[AT + 3], 24);
	return frame + AT;
}

static uint32_t
word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// A packet of the other host's, in STATE, with FLAGS, which calls this host's session YOURS.
static void
hear(struct fixture *f, unsigned int bfd_state, uint8_t flags, uint32_t yours)
{
	uint8_t frame[BFD_LEN] = { 2, 0xaa, 0, 0, 0, 1, 2, 0xaa, 0, 0, 0, 2, 8, 0, 0x45, 0xc0, 0, 52, 0, 0, 0, 0, 255,
		17, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1, 0xc0, 1, 0x0e, 0xc8, 0, 32, 0, 0, 0x20,
		(uint8_t)(bfd_state << 6 | flags), 3, 24, 0, 0, 0, 99, yours >> 24, (yours >> 16) & 0xff,
		(yours >> 8) & 0xff, yours & 0xff, 0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50 };

	f->vec.now = now;
	fixture_add(f, UPLINK, frame, sizeof(frame));
	f->vec.now = now;
	weft_chain_run(f->w, &f->vec, false);
	weft_free_dead(f->w);
	f->vec.n = 0;
}

static unsigned int
state_of(const struct fixture *f)
{
	return atomic_load(&f->w->overlay.bfd[PEER].state);
}

// Up, from nothing.
static uint32_t
come_up(struct fixture *f)
{
	uint32_t mine;

	pass_ms(f, 1);
	assert_int_equal(last(f)[1] >> 6, DOWN);
	mine = word(last(f) + 4);
	assert_int_equal(word(last(f) + 8), 0);
	hear(f, DOWN, 0, 0);
	pass_ms(f, 1);
	assert_int_equal(last(f)[1] >> 6, INIT);
	assert_int_equal(word(last(f) + 8), 99);
	hear(f, UP, 0, mine);
	pass_ms(f, 1);
	assert_int_equal(state_of(f), UP);
	f->n_sent = 0;
	return mine;
}

static void
sessions_come_up_in_three_steps(void **state)
{
	struct fixture *f = *state;
	uint32_t mine = come_up(f);

	// It polls until the other host has heard of the shorter interval, and then does not.
	pass_ms(f, 50);
	assert_int_equal(last(f)[1], UP << 6 | 0x20);
	hear(f, UP, 0x10, mine);
	pass_ms(f, 50);
	assert_int_equal(last(f)[1], UP << 6);
	assert_int_equal(word(last(f) + 12), INTERVAL_US);
	// And answers polls at once.
	f->n_sent = 0;
	hear(f, UP, 0x20, mine);
	pass_ms(f, 1);
	assert_true(f->n_sent >= 1);
	assert_int_equal(f->sent[0].data[AT + 1], UP << 6 | 0x10);
}

// Before a session is up once a second, and then as agreed, never less than three quarters of it apart.
static void
packets_keep_their_distance(void **state)
{
	struct fixture *f = *state;
	uint32_t mine;

	pass_ms(f, 3000);
	assert_in_range(f->n_sent, 3, 5);
	mine = come_up(f);
	f->n_sent = 0;
	for (unsigned int i = 0; i < 40; i++) {
		hear(f, UP, 0, mine);
		pass_ms(f, 50);
	}
	assert_in_range(f->n_sent, 40, 54);
}

static void
silence_is_noticed(void **state)
{
	struct fixture *f = *state;
	uint32_t mine = come_up(f);

	pass_ms(f, 140);
	assert_int_equal(state_of(f), UP);
	pass_ms(f, 20);
	assert_int_equal(state_of(f), DOWN);
	assert_int_equal(last(f)[0] & 31, 1); // control detection time expired
	assert_int_equal(word(last(f) + 8), 0);
	// What it says of the former session's state does not bring it up.
	hear(f, UP, 0, mine);
	pass_ms(f, 1);
	assert_int_equal(state_of(f), DOWN);
	hear(f, DOWN, 0, 0);
	pass_ms(f, 1);
	hear(f, INIT, 0, mine);
	pass_ms(f, 1);
	assert_int_equal(state_of(f), UP);
}

static void
the_other_host_may_say_that_it_is_down(void **state)
{
	struct fixture *f = *state;
	uint32_t mine = come_up(f);

	hear(f, DOWN, 0, mine);
	pass_ms(f, 1);
	assert_int_equal(state_of(f), DOWN);
	assert_int_equal(last(f)[0] & 31, 3);
	hear(f, INIT, 0, mine);
	pass_ms(f, 1);
	assert_int_equal(state_of(f), UP);
	hear(f, ADMIN_DOWN, 0, mine);
	pass_ms(f, 1);
	assert_int_equal(state_of(f), DOWN);
}

static void
malformed(struct fixture *f, unsigned int offset, uint8_t value)
{
	uint8_t frame[BFD_LEN] = { 2, 0xaa, 0, 0, 0, 1, 2, 0xaa, 0, 0, 0, 2, 8, 0, 0x45, 0xc0, 0, 52, 0, 0, 0, 0, 255,
		17, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1, 0xc0, 1, 0x0e, 0xc8, 0, 32, 0, 0, 0x20, DOWN << 6, 3, 24, 0, 0, 0,
		99 };
	uint64_t bad = dropped(f, UPLINK, WEFT_DROP_BFD_MALFORMED), taken = f->w->counters.port[UPLINK].taken;

	frame[offset] = value;
	fixture_add(f, UPLINK, frame, sizeof(frame));
	fixture_forward(f);
	assert_int_equal(dropped(f, UPLINK, WEFT_DROP_BFD_MALFORMED), bad + (offset != 0));
	assert_int_equal(f->w->counters.port[UPLINK].taken, taken + (offset == 0));
}

// RFC 5880, 6.8.6; RFC 5881, 5.
static void
what_is_malformed_is_dropped_by_name(void **state)
{
	struct fixture *f = *state;

	malformed(f, 0, 2);	       // as it should be
	malformed(f, 22, 254);	       // came from afar
	malformed(f, 29, 77);	       // from nobody that is known
	malformed(f, AT, 0x40);	       // version 2
	malformed(f, AT + 1, UP << 6); // up, and does not know this host's number
	malformed(f, AT + 1, DOWN << 6 | 1);
	malformed(f, AT + 1, DOWN << 6 | 4);
	malformed(f, AT + 2, 0);
	malformed(f, AT + 3, 23);
	malformed(f, AT + 3, 25);
	malformed(f, AT + 7, 0);  // no number
	malformed(f, AT + 11, 5); // this host's number is another
	assert_int_equal(fixture_drops(f, UPLINK), 11);
}

static void
a_host_that_is_not_watched_gets_nothing(void **state)
{
	struct fixture *f = *state;

	peer.bfd = false;
	pass_ms(f, 2000);
	assert_int_equal(f->n_sent, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sessions_come_up_in_three_steps, setup, underlay_teardown),
		cmocka_unit_test_setup_teardown(packets_keep_their_distance, setup, underlay_teardown),
		cmocka_unit_test_setup_teardown(silence_is_noticed, setup, underlay_teardown),
		cmocka_unit_test_setup_teardown(the_other_host_may_say_that_it_is_down, setup, underlay_teardown),
		cmocka_unit_test_setup_teardown(what_is_malformed_is_dropped_by_name, setup, underlay_teardown),
		cmocka_unit_test_setup_teardown(a_host_that_is_not_watched_gets_nothing, setup, underlay_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

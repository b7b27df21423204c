// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Sequences of segments that Linux lets live: ends that lose their connection and begin it anew, SYN cookies, TCP fast open.
#include "fixture.h"

#include "pipeline/firewall/track_tcp.h"

#define CLIENT 0
#define SERVER 1
#define WINDOW 30000
#define RECORD 3 // the record's place, as any other

// A segment as the test's scripts write it.
struct step {
	unsigned int end;
	uint8_t flags;
	uint32_t seq, ack, len;
	int want; // TRACK_PASS, TRACK_STRAY, a drop reason
};

static struct weft_sessions *t;
static struct weft_session *s;

static int
play(const struct step *step, bool dry)
{
	const uint8_t tcp[20] = { [12] = 5 << 4, [13] = step->flags };
	struct tcp_segment seg = { .seq = step->seq,
		.ack = step->ack,
		.end = step->seq + step->len + !!(step->flags & TCP_SYN) + !!(step->flags & TCP_FIN),
		.win = WINDOW,
		.flags = step->flags };

	if (s->state != WEFT_SESSION_FREE)
		return weft_track_tcp(t, s, step->end, &seg, tcp, dry);
	weft_track_tcp_open(s, step->end, &seg, tcp);
	return TRACK_PASS;
}

// Plays STEPS; the first one opens the connection. A dry run says the same before, and changes nothing.
static void
run(const struct step *steps, unsigned int n)
{
	memset(s, 0, sizeof(*s));
	memset(t->syn, 0, sizeof(t->syn));
	for (unsigned int i = 0; i < n; i++) {
		struct weft_session before = *s;
		int dry = i ? play(&steps[i], true) : TRACK_PASS, got;

		assert_memory_equal(&before, s, sizeof(before));
		got = play(&steps[i], false);
		if (got != steps[i].want)
			fail_msg("step %u: %d, expected %d", i, got, steps[i].want);
		assert_int_equal(dry, got);
	}
}

#define RUN(steps) run(steps, RTE_DIM(steps))

#define OPEN                                                                                                           \
	{ CLIENT, TCP_SYN, 100, 0, 0, TRACK_PASS }, { SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, TRACK_PASS },            \
	{                                                                                                              \
		CLIENT, TCP_ACK, 101, 501, 0, TRACK_PASS                                                               \
	}
#define DATA                                                                                                           \
	{ CLIENT, TCP_ACK, 101, 501, 1000, TRACK_PASS },                                                               \
	{                                                                                                              \
		SERVER, TCP_ACK, 501, 1101, 1000, TRACK_PASS                                                           \
	}

// The server restarts, and the client comes again from the same port.
static void
both_ends_lost_it(void **state)
{
	static const struct step steps[] = { OPEN, DATA, { CLIENT, TCP_SYN, 900000, 0, 0, TRACK_STRAY },
		{ SERVER, TCP_SYN | TCP_ACK, 7000000, 900001, 0, TRACK_PASS },
		{ CLIENT, TCP_ACK, 900001, 7000001, 0, TRACK_PASS },
		{ SERVER, TCP_ACK, 7000001, 900001, 1000, TRACK_PASS },
		// The former connection's segments do not fit any more.
		{ SERVER, TCP_ACK, 1501, 1101, 10, WEFT_DROP_FW_TCP_WINDOW } };

	(void)state;
	RUN(steps);
	assert_int_equal(s->state, WEFT_SESSION_ESTABLISHED);
}

// The server still knows the connection: it says so, and the connection goes on.
static void
one_end_lost_it(void **state)
{
	static const struct step steps[] = { OPEN, DATA, { CLIENT, TCP_SYN, 900000, 0, 0, TRACK_STRAY },
		{ SERVER, TCP_ACK, 1501, 1101, 0, TRACK_PASS }, { CLIENT, TCP_ACK, 1101, 1501, 10, TRACK_PASS } };
	static const struct step reset[] = { OPEN, DATA, { CLIENT, TCP_SYN, 900000, 0, 0, TRACK_STRAY },
		{ SERVER, TCP_ACK, 1501, 1101, 0, TRACK_PASS }, { CLIENT, TCP_RST, 1101, 0, 0, TRACK_PASS },
		{ CLIENT, TCP_SYN, 900000, 0, 0, TRACK_REOPEN } };

	(void)state;
	RUN(steps);
	RUN(reset);
}

// Nobody can restart a connection without a SYN of its opener, or by answering another one.
static void
answers_to_nothing_are_refused(void **state)
{
	static const struct step none[] = { OPEN, DATA,
		{ SERVER, TCP_SYN | TCP_ACK, 7000000, 900001, 0, WEFT_DROP_FW_TCP_WINDOW } };
	static const struct step other[] = { OPEN, DATA, { CLIENT, TCP_SYN, 900000, 0, 0, TRACK_STRAY },
		{ SERVER, TCP_SYN | TCP_ACK, 7000000, 900000, 0, WEFT_DROP_FW_TCP_WINDOW },
		{ SERVER, TCP_SYN | TCP_ACK, 7000000, 900002, 0, WEFT_DROP_FW_TCP_WINDOW },
		{ CLIENT, TCP_SYN | TCP_ACK, 7000000, 900001, 0, WEFT_DROP_FW_TCP_WINDOW },
		{ CLIENT, TCP_ACK, 1101, 1501, 10, TRACK_PASS } };
	static const struct step server[] = { OPEN, DATA, { SERVER, TCP_SYN, 900000, 0, 0, TRACK_STRAY },
		{ CLIENT, TCP_SYN | TCP_ACK, 7000000, 900001, 0, WEFT_DROP_FW_TCP_WINDOW } };

	(void)state;
	RUN(none);
	RUN(other);
	RUN(server);
}

static void
client_restarts_before_it_is_established(void **state)
{
	static const struct step steps[] = { { CLIENT, TCP_SYN, 100, 0, 0, TRACK_PASS },
		{ SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, TRACK_PASS }, { CLIENT, TCP_SYN, 900000, 0, 0, TRACK_STRAY },
		{ SERVER, TCP_SYN | TCP_ACK, 7000000, 900001, 0, TRACK_PASS },
		{ CLIENT, TCP_ACK, 900001, 7000001, 0, TRACK_PASS } };

	(void)state;
	RUN(steps);
	assert_int_equal(s->state, WEFT_SESSION_ESTABLISHED);
}

// With SYN cookies the server answers a repeated SYN with another number. Either answer may be the one that counts.
static void
syn_cookies(void **state)
{
	static const struct step second[] = { { CLIENT, TCP_SYN, 100, 0, 0, TRACK_PASS },
		{ SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, TRACK_PASS }, { CLIENT, TCP_SYN, 100, 0, 0, TRACK_PASS },
		{ SERVER, TCP_SYN | TCP_ACK, 7000000, 101, 0, TRACK_PASS },
		{ CLIENT, TCP_ACK, 101, 7000001, 0, TRACK_PASS } };
	static const struct step first[] = { { CLIENT, TCP_SYN, 100, 0, 0, TRACK_PASS },
		{ SERVER, TCP_SYN | TCP_ACK, 500, 101, 0, TRACK_PASS }, { CLIENT, TCP_SYN, 100, 0, 0, TRACK_PASS },
		{ SERVER, TCP_SYN | TCP_ACK, 7000000, 101, 0, TRACK_PASS },
		{ CLIENT, TCP_ACK, 101, 501, 0, TRACK_PASS }, { SERVER, TCP_ACK, 501, 101, 100, TRACK_PASS } };

	(void)state;
	RUN(second);
	assert_int_equal(s->state, WEFT_SESSION_ESTABLISHED);
	RUN(first);
	assert_int_equal(s->state, WEFT_SESSION_ESTABLISHED);
}

// RFC 7413: the server takes all, some or none of the data with a SYN, and may fill the window before it hears more.
static void
fast_open(void **state)
{
	(void)state;
	for (uint32_t taken = 0; taken <= 300; taken += 100) {
		const struct step steps[] = { { CLIENT, TCP_SYN, 100, 0, 300, TRACK_PASS },
			{ SERVER, TCP_SYN | TCP_ACK, 500, 100, 0, WEFT_DROP_FW_TCP_WINDOW },
			{ SERVER, TCP_SYN | TCP_ACK, 500, 402, 0, WEFT_DROP_FW_TCP_WINDOW },
			{ SERVER, TCP_SYN | TCP_ACK, 500, 101 + taken, 0, TRACK_PASS },
			{ SERVER, TCP_ACK, 501, 101 + taken, 1400, TRACK_PASS },
			{ SERVER, TCP_ACK, 1901, 101 + taken, 1400, TRACK_PASS },
			{ SERVER, TCP_ACK, 501 + WINDOW, 101 + taken, 10, TRACK_PASS },
			{ SERVER, TCP_ACK, 502 + WINDOW, 101 + taken, 10, WEFT_DROP_FW_TCP_WINDOW },
			{ CLIENT, TCP_ACK, 101 + taken, 1901, 300 - taken, TRACK_PASS },
			{ CLIENT, TCP_ACK, 401, 3301, 0, TRACK_PASS } };

		RUN(steps);
		assert_int_equal(s->state, WEFT_SESSION_ESTABLISHED);
	}
}

// A repetition without the data does not forget them; one with another number does.
static void
fast_open_is_repeated(void **state)
{
	static const struct step same[] = { { CLIENT, TCP_SYN, 100, 0, 300, TRACK_PASS },
		{ CLIENT, TCP_SYN, 100, 0, 0, TRACK_PASS }, { SERVER, TCP_SYN | TCP_ACK, 500, 401, 0, TRACK_PASS } };
	static const struct step other[] = { { CLIENT, TCP_SYN, 100, 0, 300, TRACK_PASS },
		{ CLIENT, TCP_SYN, 90, 0, 0, TRACK_PASS },
		{ SERVER, TCP_SYN | TCP_ACK, 500, 401, 0, WEFT_DROP_FW_TCP_WINDOW },
		{ SERVER, TCP_SYN | TCP_ACK, 500, 91, 0, TRACK_PASS } };
	static const struct step refused[] = { { CLIENT, TCP_SYN, 100, 0, 300, TRACK_PASS },
		{ SERVER, TCP_RST | TCP_ACK, 0, 100, 0, WEFT_DROP_FW_TCP_WINDOW },
		{ SERVER, TCP_RST | TCP_ACK, 0, 101, 0, TRACK_PASS } };

	(void)state;
	RUN(same);
	RUN(other);
	RUN(refused);
}

// What is not known to be the connection's does not keep its record, and the record's place is free for the next one.
static void
stray_syn_keeps_nothing(void **state)
{
	static const struct step steps[] = { OPEN, DATA, { CLIENT, TCP_SYN, 900000, 0, 0, TRACK_STRAY } };

	(void)state;
	RUN(steps);
	assert_int_equal(t->syn[RECORD].record, RECORD);
	t->port[0].n = 1;
	weft_session_remove(t, RECORD);
	assert_int_equal(t->syn[RECORD].record, 0);
}

static int
setup(void **state)
{
	fixture_start(state);
	t = weft_sessions_new(64, 4);
	s = &t->rec[RECORD];
	return t == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	weft_sessions_free(t);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_lost_it),
		cmocka_unit_test(one_end_lost_it),
		cmocka_unit_test(answers_to_nothing_are_refused),
		cmocka_unit_test(client_restarts_before_it_is_established),
		cmocka_unit_test(syn_cookies),
		cmocka_unit_test(fast_open),
		cmocka_unit_test(fast_open_is_repeated),
		cmocka_unit_test(stray_syn_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

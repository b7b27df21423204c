// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The stage by itself; tests/firewall compares it with a reference.
#include "fixture.h"

#define SYN 0x02
#define RST 0x04
#define ACK 0x10

// Policies without rules: only what holds where no rule matches.
static struct weft_rule_conf allow = { .name = "test allow", .action = WEFT_ALLOW, .counter = 1 };
static struct weft_rule_conf deny = { .name = "test deny", .action = WEFT_DENY, .counter = 2 };
static struct weft_policy closed; // lets out all, and in nothing

// Ports 1 and 2 have MAC_A and MAC_B; port 2 takes no connections.
static int
setup(void **state)
{
	int ret = fixture_setup(state);
	struct fixture *f = *state;

	closed = (struct weft_policy){ .out = { .rule = &allow }, .in = { .rule = &deny } };
	f->domains[1].network = 1;
	f->domains[1].firewall = true;
	f->ports[2].policy = &closed;
	fixture_static_mac(f, 1, MAC_A, 1);
	fixture_static_mac(f, 1, MAC_B, 2);
	return ret;
}

// Sends a TCP segment with FLAGS between port 1, at 10.0.0.1:1000, and port 2, at 10.0.0.2:2000. Returns -1 if it passes
// the stage, or the drop reason.
static int
tcp(struct fixture *f, uint16_t from, uint8_t flags, uint8_t seq, uint8_t ack)
{
	uint8_t frame[60] = { 0x52, 0x54, 0, 0, 0, from == 1 ? 2 : 1, 0x52, 0x54, 0, 0, 0, (uint8_t)from, 8, 0, 0x45, 0,
		0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, (uint8_t)from, 10, 0, 0, from == 1 ? 2 : 1 };
	uint8_t *l4 = frame + 34;
	uint64_t before[WEFT_N_DROPS];
	int reason = -1;

	memcpy(l4, from == 1 ? "\x03\xe8\x07\xd0" : "\x07\xd0\x03\xe8", 4);
	l4[7] = seq;
	l4[11] = ack;
	l4[12] = 5 << 4;
	l4[13] = flags;
	l4[14] = 0x10;
	memcpy(before, f->w->counters.port[from].drop, sizeof(before));
	fixture_add(f, from, frame, sizeof(frame));
	if (fixture_run(f, "firewall") == 0)
		reason = -2;
	for (unsigned int i = 0; i < WEFT_N_DROPS; i++)
		if (f->w->counters.port[from].drop[i] != before[i])
			reason = (int)i;
	fixture_reset(f);
	return reason;
}

static void
ports_without_rules_are_not_judged(void **state)
{
	struct fixture *f = *state;

	f->ports[2].policy = NULL;
	assert_int_equal(tcp(f, 1, ACK, 1, 1), -1);
	assert_int_equal(f->w->firewall.sessions->n, 0);
}

static void
rules_of_the_receiver_deny(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tcp(f, 1, SYN, 1, 0), WEFT_DROP_FW_INGRESS);
	assert_int_equal(f->w->firewall.sessions->n, 0);
	assert_int_equal(f->w->firewall.sessions->rule[2].packets, 1);
}

static void
rules_of_the_sender_deny(void **state)
{
	struct fixture *f = *state;

	closed.out.rule = &deny;
	assert_int_equal(tcp(f, 2, SYN, 1, 0), WEFT_DROP_FW_EGRESS);
}

static void
replies_pass_by_their_connection(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tcp(f, 2, SYN, 1, 0), -1);
	assert_int_equal(f->w->firewall.sessions->n, 1);
	assert_int_equal(tcp(f, 1, SYN | ACK, 50, 2), -1);
	assert_int_equal(tcp(f, 2, ACK, 2, 51), -1);
	assert_int_equal(f->w->firewall.sessions->rec[1].state, WEFT_SESSION_ESTABLISHED);
	assert_int_equal(tcp(f, 1, ACK, 51, 2), -1);
}

static void
what_belongs_to_no_connection_is_dropped(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tcp(f, 2, ACK, 1, 1), WEFT_DROP_FW_STATE);
	assert_int_equal(tcp(f, 2, SYN | RST, 1, 0), WEFT_DROP_FW_TCP_FLAGS);
}

static void
new_rules_end_a_connection(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tcp(f, 2, SYN, 1, 0), -1);
	closed.out.rule = &deny;
	f->snap.version = 2;
	f->ports[2].epoch = 2;
	assert_int_equal(tcp(f, 1, SYN | ACK, 50, 2), WEFT_DROP_FW_REVOKED);
	assert_int_equal(f->w->firewall.sessions->n, 0);
}

static void
a_host_without_its_cluster_opens_nothing_for_ports_that_say_so(void **state)
{
	struct fixture *f = *state;

	f->ports[2].fence_new = true;
	assert_true(weft_firewall_needed(&f->snap, 2));
	assert_false(weft_firewall_needed(&f->snap, 1));
	f->w->fenced = true;
	assert_int_equal(tcp(f, 2, SYN, 1, 0), WEFT_DROP_FW_ISOLATED);
	f->w->fenced = false;
	assert_int_equal(tcp(f, 2, SYN, 1, 0), -1);
}

static void
dry_run_opens_nothing(void **state)
{
	struct fixture *f = *state;

	f->vec.dry_run = true;
	f->vec.explain = &f->explain;
	assert_int_equal(tcp(f, 2, SYN, 1, 0), -1);
	assert_int_equal(f->w->firewall.sessions->n, 0);
	assert_string_equal(f->explain.step[f->explain.n_steps - 1].stage, "firewall");
	assert_string_equal(f->explain.step[f->explain.n_steps - 1].text, "out of the sender: test allow allows it");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports_without_rules_are_not_judged),
		TEST(rules_of_the_receiver_deny),
		TEST(rules_of_the_sender_deny),
		TEST(replies_pass_by_their_connection),
		TEST(what_belongs_to_no_connection_is_dropped),
		TEST(new_rules_end_a_connection),
		TEST(a_host_without_its_cluster_opens_nothing_for_ports_that_say_so),
		TEST(dry_run_opens_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

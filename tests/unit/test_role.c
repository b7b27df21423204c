// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What stations believe whoever says it may be said by ports with the role only, and comes in without a rule then.
#include "fixture.h"

#define UPLINK 5
#define HEAD   "525400000002 525400000001 "

// Of one packet: how it may be sent, and the drop without the role.
struct saying {
	uint8_t role;
	int drop;
	const char *hex;
};

#define V4(proto, len, l4) HEAD "0800 4500" len "00000000 40" proto "0000 0a000001 0a000002 " l4
#define V6(hops, next, len, l4)                                                                                        \
	HEAD "86dd 60000000 " len next hops " fe80000000000000505400fffe000001 ff020000000000000000000000000001 " l4
#define V6_OPTIONS(hops, len, l4)                                                                                      \
	HEAD "86dd 60000000 " len "00" hops " fe80000000000000505400fffe000001 ff020000000000000000000000000001 "      \
	     "3a00050200000100 " l4

static const struct saying sayings[] = {
	{ WEFT_ROLE_ROUTER, WEFT_DROP_GUARD_ROUTER, V6("ff", "3a", "0010", "86000000 40000000 00000000 00000000") },
	{ WEFT_ROLE_ROUTER, WEFT_DROP_GUARD_ROUTER, V6_OPTIONS("ff", "0018", "86000000 40000000 00000000 00000000") },
	{ WEFT_ROLE_ROUTER, WEFT_DROP_GUARD_ROUTER,
		V6("ff", "3a", "0028",
			"89000000 00000000 fd000000000000000000000000000001 fd000000000000000000000000000002") },
	{ WEFT_ROLE_ROUTER, WEFT_DROP_GUARD_ROUTER,
		V4("01", "0038",
			"05010000 0a000003 4500001c 00000000 4011 0000 0a000002 0a000009 1000 2000 0008 0000") },
	{ WEFT_ROLE_ROUTER, WEFT_DROP_GUARD_ROUTER, V4("01", "0024", "09000000 01020708 0a000001 00000000") },
	{ WEFT_ROLE_QUERIER, WEFT_DROP_GUARD_QUERIER,
		"01005e000001 525400000001 0800 4500001c 00000000 0102 0000 0a000001 e0000001 11640000 00000000" },
	{ WEFT_ROLE_QUERIER, WEFT_DROP_GUARD_QUERIER,
		V6("01", "3a", "0018", "82000000 27100000 00000000000000000000000000000000") },
	{ WEFT_ROLE_DHCP_SERVER, WEFT_DROP_GUARD_DHCP, V4("11", "001c", "0043 0044 0008 0000") },
	// Clients look at the port that it goes to.
	{ WEFT_ROLE_DHCP_SERVER, WEFT_DROP_GUARD_DHCP, V4("11", "001c", "1000 0044 0008 0000") },
	{ WEFT_ROLE_DHCP_SERVER, WEFT_DROP_GUARD_DHCP, V6("40", "11", "0008", "0223 0222 0008 0000") },
};

static struct weft_rule_conf deny = { .name = "deny", .action = WEFT_DENY },
			     allow = { .name = "allow", .action = WEFT_ALLOW };
static struct weft_policy closed, open;

// The reason for which the frame HEX of PORT does not reach its receiver, or -1.
static int
reason_of(struct fixture *f, uint16_t port, const char *hex)
{
	uint64_t before[WEFT_N_DROPS];

	memcpy(before, f->w->counters.port[port].drop, sizeof(before));
	f->n_sent = 0;
	fixture_add_hex(f, port, hex);
	fixture_forward(f);
	for (int r = 0; r < WEFT_N_DROPS; r++)
		if (f->w->counters.port[port].drop[r] != before[r])
			return r;
	for (unsigned int i = 0; i < f->n_sent; i++)
		if (f->sent[i].port == 2)
			return -1;
	fail();
	return -1;
}

// Port 1 speaks to port 2, whose rules let nothing in.
static int
setup(void **state)
{
	int ret = fixture_setup(state);
	struct fixture *f = *state;

	closed = (struct weft_policy){ .out = { .rule = &allow }, .in = { .rule = &deny } };
	open = (struct weft_policy){ .out = { .rule = &allow }, .in = { .rule = &allow } };
	fixture_static_mac(f, 1, MAC_B, 2);
	f->domains[1].network = 1;
	f->domains[1].firewall = true;
	f->ports[UPLINK] = f->ports[4];
	f->ports[UPLINK].tagging = WEFT_TAG_UPLINK;
	f->ports[1].policy = f->ports[2].policy = &closed;
	f->ports[1].lacks = f->ports[2].lacks = WEFT_ROLES;
	f->ports[1].guard = f->ports[2].guard = WEFT_GUARD_ROLES;
	return ret;
}

static void
without_the_role_it_is_dropped(void **state)
{
	struct fixture *f = *state;

	f->ports[2].policy = &open;
	for (unsigned int i = 0; i < RTE_DIM(sayings); i++) {
		for (unsigned int guard = 0; guard < 2; guard++) {
			f->ports[1].guard = WEFT_GUARD_ROLES | (guard ? WEFT_GUARD_MAC : 0);
			f->ports[1].mac = guard ? MAC_A : 0;
			f->ports[1].lacks = sayings[i].role;
			assert_int_equal(reason_of(f, 1, sayings[i].hex), sayings[i].drop);
		}
	}
}

static void
with_the_role_it_needs_no_rule(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < RTE_DIM(sayings); i++) {
		f->ports[1].lacks = (uint8_t)(WEFT_ROLES & ~sayings[i].role);
		assert_int_equal(reason_of(f, 1, sayings[i].hex), -1);
	}
	// A request to a server.
	assert_int_equal(reason_of(f, 1, V4("11", "001c", "0044 0043 0008 0000")), WEFT_DROP_FW_INGRESS);
	f->ports[2].lacks = 0;
	assert_int_equal(reason_of(f, 1, V4("11", "001c", "0044 0043 0008 0000")), -1);
	// Nothing else comes in with it.
	assert_int_equal(reason_of(f, 1, V4("11", "001c", "0044 0035 0008 0000")), WEFT_DROP_FW_INGRESS);
}

// Nobody has looked at what comes from an uplink: IPv6 has a proof that it is of the link, the others need a rule, and redirects of
// IPv4 do not pass.
static void
beyond_an_uplink_nobody_has_a_role(void **state)
{
	struct fixture *f = *state;
	static const int expected[] = { -1, -1, -1, WEFT_DROP_GUARD_ROUTER, WEFT_DROP_GUARD_ROUTER, -1, -1,
		WEFT_DROP_FW_INGRESS, WEFT_DROP_FW_INGRESS, WEFT_DROP_FW_INGRESS };

	static_assert(RTE_DIM(expected) == RTE_DIM(sayings), "one for each");
	for (unsigned int i = 0; i < RTE_DIM(sayings); i++)
		assert_int_equal(reason_of(f, UPLINK, sayings[i].hex), expected[i]);
	f->ports[2].policy = &open;
	assert_int_equal(reason_of(f, UPLINK, sayings[3].hex), WEFT_DROP_GUARD_ROUTER);
	assert_int_equal(reason_of(f, UPLINK, sayings[7].hex), -1);
}

// A hop limit says whether a packet is of this link (RFC 4861, 3.1; RFC 3810, 5): else it needs a rule.
static void
what_was_forwarded_needs_a_rule(void **state)
{
	static const struct {
		const char *hex;
		bool local;
	} samples[] = {
		{ V6("ff", "3a", "0018", "88000000 20000000 fd000000000000000000000000000001"), true },
		{ V6("fe", "3a", "0018", "88000000 20000000 fd000000000000000000000000000001"), false },
		{ V6("ff", "3a", "0008", "85000000 00000000"), true },
		{ V6("40", "3a", "0008", "85000000 00000000"), false },
		{ V6("01", "3a", "0018", "83000000 00000000 ff020000000000000000000000000005"), true },
		{ V6("02", "3a", "0018", "83000000 00000000 ff020000000000000000000000000005"), false },
		{ HEAD "86dd 60000000 0018 3a01 fd000000000000000000000000000001 ff020000000000000000000000000001 "
		       "83000000 00000000 ff020000000000000000000000000005",
			false },
		{ HEAD "86dd 60000000 0018 3a01 00000000000000000000000000000000 ff020000000000000000000000000001 "
		       "83000000 00000000 ff020000000000000000000000000005",
			true },
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < RTE_DIM(samples); i++)
		assert_int_equal(reason_of(f, 1, samples[i].hex), samples[i].local ? -1 : WEFT_DROP_FW_INGRESS);
}

// A router sends others' packets, but speaks for its own addresses only.
static void
router_sends_for_others(void **state)
{
	static const struct weft_prefix4 own = { RTE_BE32(0x0a0000fe), RTE_BE32(0xffffffff) };
	static const char *const arp = HEAD "0806 0001 0800 0604 0002 525400000001 0a000009 525400000002 0a000002";
	struct fixture *f = *state;

	f->ports[2].policy = &open;
	f->ports[1].mac = MAC_A;
	f->ports[1].ip4 = &own;
	f->ports[1].n_ip4 = 1;
	f->ports[1].guard = WEFT_GUARD_MAC | WEFT_GUARD_IP;
	assert_int_equal(reason_of(f, 1, V4("11", "001c", "1000 2000 0008 0000")), WEFT_DROP_GUARD_IPV4);
	f->ports[1].guard |= WEFT_GUARD_FORWARDS;
	assert_int_equal(reason_of(f, 1, V4("11", "001c", "1000 2000 0008 0000")), -1);
	assert_int_equal(reason_of(f, 1, arp), WEFT_DROP_GUARD_ARP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_the_role_it_is_dropped, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(with_the_role_it_needs_no_rule, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(beyond_an_uplink_nobody_has_a_role, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_was_forwarded_needs_a_rule, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(router_sends_for_others, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, fixture_start, NULL);
}

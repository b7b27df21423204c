// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What a receiver may take for IP or ARP is judged as such, and what is neither passes a firewall by a rule only.
#include "fixture.h"

#include "weft/link_protocol.h"

#define B	   "525400000002 "
#define A	   "525400000001 "
#define ALL	   "ffffffffffff "
#define UDP	   "4500001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000"
#define ARP_A	   "0001 0800 0604 0001 525400000001 0a000001 000000000000 0a000002"
#define RARP(a, b) "8035 0001 0800 0604 0003 " a "00000000 " b "00000000"
#define SNAP(type) "aaaa03 000000 " type " "
#define BRIDGE(n)  "0180c20000" n " "

static const struct weft_rule_conf rules[] = { { .name = "ether", .action = WEFT_ALLOW, .counter = 7 },
	{ .name = "none", .action = WEFT_DENY, .counter = 8 }, { .name = "default", .action = WEFT_ALLOW } };
static const struct weft_ether_rule pppoe[] = { { 0x8863, &rules[0] }, { 0x8864, &rules[1] } };

// A policy that lets all IP packets through.
static struct weft_policy
policy_of(const struct weft_ether_rule *ether, uint32_t n, const struct weft_rule_conf *any)
{
	const struct weft_ruleset set = { .rule = &rules[2], .n_ether = n, .ether = ether, .ether_any = any };

	return (struct weft_policy){ .out = set, .in = set };
}

// Where the frame HEX of port 1 goes, as a set of ports; or -1 - the drop reason.
static int
way(struct fixture *f, const char *hex)
{
	uint64_t before[WEFT_N_DROPS];
	int ports = 0, reason = -1;

	memcpy(before, f->w->counters.port[1].drop, sizeof(before));
	f->n_sent = 0;
	fixture_add_hex(f, 1, hex);
	fixture_forward(f);
	for (unsigned int r = 0; r < WEFT_N_DROPS; r++)
		if (f->w->counters.port[1].drop[r] != before[r])
			reason = (int)r;
	for (unsigned int i = 0; i < f->n_sent; i++)
		ports |= 1 << f->sent[i].port;
	return reason >= 0 ? -1 - reason : ports;
}

#define DROPPED(reason) (-1 - WEFT_DROP_##reason)

static struct fixture *
prepare(void **state, const struct weft_policy *one, const struct weft_policy *two)
{
	struct fixture *f = *state;

	fixture_static_mac(f, 1, MAC_A, 1);
	fixture_static_mac(f, 1, MAC_B, 2);
	f->domains[1].network = 1;
	f->domains[1].firewall = true;
	f->ports[1].policy = one;
	f->ports[2].policy = two;
	f->ports[1].mac = MAC_A;
	return f;
}

static void
only_ip_and_arp_pass_without_a_rule(void **state)
{
	const struct weft_policy plain = policy_of(NULL, 0, NULL);
	struct fixture *f = prepare(state, &plain, &plain);

	assert_int_equal(way(f, B A "0800" UDP), 1 << 2);
	assert_int_equal(way(f, B A "0806" ARP_A), 1 << 2);
	assert_int_equal(way(f, B A "88b5 0000"), DROPPED(FW_ETHERTYPE));
	assert_int_equal(way(f, B A "8863 1100 0000 0000"), DROPPED(FW_ETHERTYPE));
	assert_int_equal(way(f, B A "8847 00000140" UDP), DROPPED(FW_ETHERTYPE));
	assert_int_equal(way(f, B A "9100 0014 0800" UDP), DROPPED(FW_ETHERTYPE));
	assert_int_equal(way(f, B A "0003 424203"), DROPPED(FW_ETHERTYPE));
	assert_int_equal(way(f, ALL A "88b5 0000"), DROPPED(FW_ETHERTYPE));
	// A network without a firewall knows no such limit, and the option opens one with a firewall.
	f->domains[1].non_ip = true;
	assert_int_equal(way(f, B A "88b5 0000"), 1 << 2);
	assert_int_equal(way(f, B A "0003 424203"), 1 << 2);
}

static void
rules_of_both_ends_name_an_ethertype(void **state)
{
	const struct weft_policy plain = policy_of(NULL, 0, NULL), some = policy_of(pppoe, 2, NULL),
				 all = policy_of(&pppoe[1], 1, &rules[0]);
	struct fixture *f = prepare(state, &some, &plain);

	assert_int_equal(way(f, B A "8863 1100"), DROPPED(FW_ETHERTYPE));
	f->ports[2].policy = &some;
	assert_int_equal(way(f, B A "8863 1100"), 1 << 2);
	assert_int_equal(way(f, B A "8864 1100"), DROPPED(FW_EGRESS));
	assert_int_equal(way(f, B A "88b5 1100"), DROPPED(FW_ETHERTYPE));
	f->ports[1].policy = NULL;
	assert_int_equal(way(f, B A "8864 1100"), DROPPED(FW_INGRESS));
	f->ports[1].policy = f->ports[2].policy = &all;
	assert_int_equal(way(f, B A "88b5 1100"), 1 << 2);
	// All get it but those whose rules do not name it.
	f->ports[3].policy = &plain;
	assert_int_equal(way(f, ALL A "88b5 1100"), 1 << 2 | 1 << 4);
	assert_true(f->w->firewall.sessions->rule[7].packets > 0);
}

static void
snap_is_read(void **state)
{
	const struct weft_policy plain = policy_of(NULL, 0, NULL);
	static const struct weft_prefix4 own = { RTE_BE32(0x0a000009), RTE_BE32(0xffffffff) };
	struct fixture *f = prepare(state, &plain, &plain);

	assert_int_equal(way(f, B A "0024" SNAP("0800") UDP), 1 << 2);
	assert_int_equal(way(f, B A "0024 aaaa03 0000f8 0800" UDP), 1 << 2);
	// Padding behind the length is none of its business, and nothing is read beyond it.
	assert_int_equal(way(f, B A "0024" SNAP("0800") UDP "0000"), 1 << 2);
	assert_int_equal(way(f, B A "0023" SNAP("0800") UDP), DROPPED(PARSE_IPV4));
	assert_int_equal(way(f, B A "0025" SNAP("0800") UDP), DROPPED(PARSE_LLC));
	assert_int_equal(way(f, B A "8100 0000 0024" SNAP("0800") UDP), 1 << 2);
	// A tag inside would be read by some.
	assert_int_equal(way(f, B A "0028" SNAP("8100") "0000 0800" UDP), DROPPED(PARSE_LLC));
	assert_int_equal(way(f, B A "0028" SNAP("9100") "0000 0800" UDP), DROPPED(PARSE_LLC));
	assert_int_equal(way(f, B A "002c" SNAP("0024") SNAP("0800") UDP), DROPPED(PARSE_LLC));
	// The guard sees who speaks.
	f->ports[1].guard = WEFT_GUARD_MAC | WEFT_GUARD_IP;
	f->ports[1].ip4 = &own;
	f->ports[1].n_ip4 = 1;
	assert_int_equal(way(f, B A "0024" SNAP("0800") UDP), DROPPED(GUARD_IPV4));
	assert_int_equal(way(f, B A "8100 0000 0024" SNAP("0800") UDP), DROPPED(GUARD_IPV4));
	assert_int_equal(way(f, B A "0024" SNAP("0806") ARP_A), DROPPED(GUARD_ARP));
}

static void
a_station_may_say_where_it_is(void **state)
{
	const struct weft_policy plain = policy_of(NULL, 0, NULL);
	struct fixture *f = prepare(state, &plain, &plain);

	assert_int_equal(way(f, ALL A RARP(A, A)), 1 << 2 | 1 << 3 | 1 << 4);
	assert_int_equal(way(f, ALL A RARP(A, B)), DROPPED(FW_ETHERTYPE));
	assert_int_equal(way(f, ALL A RARP(B, B)), DROPPED(FW_ETHERTYPE));
	f->ports[1].guard = WEFT_GUARD_MAC;
	assert_int_equal(way(f, ALL A RARP(B, B)), DROPPED(GUARD_ARP));
	assert_int_equal(way(f, ALL A "8035 0001"), DROPPED(GUARD_ARP));
}

static void
frames_to_the_bridge_pass_where_the_network_lets_them(void **state)
{
	const struct weft_policy plain = policy_of(NULL, 0, NULL);
	static const struct {
		uint8_t protocol;
		const char *hex;
	} frames[] = { { WEFT_LINK_LLDP, BRIDGE("0e") A "88cc 0207" }, { WEFT_LINK_LACP, BRIDGE("02") A "8809 0101" },
		{ WEFT_LINK_EAPOL, BRIDGE("03") A "888e 0101" }, { WEFT_LINK_PTP, BRIDGE("0e") A "88f7 0002" } };
	struct fixture *f = prepare(state, &plain, &plain);

	for (unsigned int i = 0; i < RTE_DIM(frames); i++) {
		f->domains[1].link_protocols = 0xff & ~frames[i].protocol;
		assert_int_equal(way(f, frames[i].hex), DROPPED(FWD_RESERVED));
		f->domains[1].link_protocols = frames[i].protocol;
		assert_int_equal(way(f, frames[i].hex), 1 << 2 | 1 << 3 | 1 << 4);
	}
	// Neither other slow protocols, nor pause frames, nor spanning trees.
	f->domains[1].link_protocols = 0xff;
	assert_int_equal(way(f, BRIDGE("02") A "8809 0a01"), DROPPED(FWD_RESERVED));
	assert_int_equal(way(f, BRIDGE("02") A "8809"), DROPPED(FWD_RESERVED));
	assert_int_equal(way(f, BRIDGE("01") A "8808 0001"), DROPPED(FWD_RESERVED));
	assert_int_equal(way(f, BRIDGE("00") A "0003 424203"), DROPPED(FWD_RESERVED));
	assert_int_equal(way(f, BRIDGE("0e") A "0800" UDP), DROPPED(FWD_RESERVED));
	// Elsewhere the same protocol is one like others.
	assert_int_equal(way(f, B A "88cc 0207"), DROPPED(FW_ETHERTYPE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(only_ip_and_arp_pass_without_a_rule),
		FIXTURE_TEST(rules_of_both_ends_name_an_ethertype),
		FIXTURE_TEST(snap_is_read),
		FIXTURE_TEST(a_station_may_say_where_it_is),
		FIXTURE_TEST(frames_to_the_bridge_pass_where_the_network_lets_them),
	};

	return cmocka_run_group_tests(tests, fixture_start, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

#define DST		    "525400000002 "
#define OWN		    "525400000001 "
#define OTHER		    "525400000003 "
#define ADDR4		    "0a000001 "
#define BAD4		    "0a000063 "
#define ADDR6		    "fd000000000000000000000000000001 "
#define BAD6		    "fd000000000000000000000000000063 "
#define LLA6		    "fe80000000000000505400fffe000001 "
#define LLA7217		    "fe800000000000001f3c77a2908be001 "
#define ANY6		    "00000000000000000000000000000000 "
#define UDP4(src, ports)    DST OWN "0800 4500001c 00000000 4011 0000 " src "0a000002 " ports " 0008 0000"
#define ARP(sha, spa)	    DST OWN "0806 0001 0800 0604 0001 " sha spa "000000000000 0a000002"
#define PROBE(tpa)	    DST OWN "0806 0001 0800 0604 0001 " OWN "00000000 000000000000 " tpa
#define DAD(target)	    IP6(ANY6, "0018", "87000000 00000000 " target)
#define ECHO6(src)	    IP6(src, "0008", "8000000000000000")
#define IP6(src, len, body) DST OWN "86dd 60000000 " len " 3aff " src "ff020000000000000000000000000001 " body
#define NS(option)	    "87000000 00000000 fd000000000000000000000000000002 " option
#define NA(target, option)  "88000000 00000000 " target option

static const struct {
	const char *hex;
	int reason;
} samples[] = {
	{ UDP4(ADDR4, "1000 2000"), -1 },
	{ UDP4(BAD4, "1000 2000"), WEFT_DROP_GUARD_IPV4 },
	{ UDP4("00000000 ", "0044 0043"), -1 },
	{ UDP4("00000000 ", "0044 0045"), WEFT_DROP_GUARD_IPV4 },
	{ UDP4(ADDR4, "0043 0044"), WEFT_DROP_GUARD_DHCP },
	{ DST OTHER "88b5 0000", WEFT_DROP_GUARD_MAC },
	{ DST OWN "88b5 0000", -1 },
	{ DST OWN "8035 0001 0800 0604 0003" OWN "00000000" OWN "00000000", -1 },
	{ DST OWN "8035 0001 0800 0604 0003" OWN "00000000" OTHER "00000000", WEFT_DROP_GUARD_ARP },
	{ DST OWN "0024 aaaa03 000000 0800 4500001c 00000000 4011 0000 " BAD4 "0a000002 1000 2000 0008 0000",
		WEFT_DROP_GUARD_IPV4 },
	{ DST OWN "8100 0000 0024 aaaa03 000000 0806 0001 0800 0604 0001 " OWN BAD4 "000000000000 0a000002",
		WEFT_DROP_GUARD_ARP },
	{ ARP(OWN, ADDR4), -1 },
	{ ARP(OWN, BAD4), WEFT_DROP_GUARD_ARP },
	{ ARP(OTHER, ADDR4), WEFT_DROP_GUARD_ARP },
	{ PROBE(ADDR4), -1 },
	{ PROBE(BAD4), WEFT_DROP_GUARD_ARP },
	{ IP6(ADDR6, "0008", "8000000000000000"), -1 },
	{ IP6(BAD6, "0008", "8000000000000000"), WEFT_DROP_GUARD_IPV6 },
	{ IP6(LLA6, "0008", "8000000000000000"), -1 },
	{ IP6(LLA7217, "0008", "8000000000000000"), -1 },
	{ IP6(LLA7217, "0020", NS("0101525400000001")), -1 },
	{ IP6(LLA7217, "0020", NA(LLA7217, "0201525400000001")), -1 },
	{ DAD(ADDR6), -1 },
	{ DAD(LLA7217), -1 },
	{ DAD(BAD6), WEFT_DROP_GUARD_ND },
	{ IP6(LLA6, "0020", NS("0101525400000001")), -1 },
	{ IP6(LLA6, "0020", NS("0101525400000003")), WEFT_DROP_GUARD_ND },
	{ IP6(LLA6, "0020", NS("0100525400000001")), WEFT_DROP_GUARD_ND },
	{ IP6(LLA6, "0020", NS("0102525400000001")), WEFT_DROP_GUARD_ND },
	{ IP6(LLA6, "0017", "87000000 00000000 fd0000000000000000000000000000"), WEFT_DROP_GUARD_ND },
	{ IP6(LLA6, "0020", NA(ADDR6, "0201525400000001")), -1 },
	{ IP6(LLA6, "0020", NA(LLA6, "0201525400000001")), -1 },
	{ IP6(LLA6, "0020", NA(BAD6, "0201525400000001")), WEFT_DROP_GUARD_ND },
	{ IP6(LLA6, "0020", NA(ADDR6, "0201525400000003")), WEFT_DROP_GUARD_ND },
	{ IP6(LLA6, "0010", "86000000 40000000 00000000 00000000"), WEFT_DROP_GUARD_ROUTER },
	{ IP6(LLA6, "0028", "89000000 00000000" ADDR6 ADDR6), WEFT_DROP_GUARD_ROUTER },
	// A large ping in fragments, the first and a later one; from nobody
	{ DST OWN "86dd 60000000 0010 2cff " ADDR6
		  "ff020000000000000000000000000001 3a000001 00000001 8000000000000001",
		-1 },
	{ DST OWN "86dd 60000000 0010 2cff " ADDR6
		  "ff020000000000000000000000000001 3a000008 00000001 8700000000000000",
		-1 },
	{ DST OWN "86dd 60000000 0010 2cff " ANY6 "ff020000000000000000000000000001 3a000001 00000001 8000000000000001",
		WEFT_DROP_GUARD_IPV6 },
	// Neighbour discovery in a fragment, and behind options in one
	{ DST OWN "86dd 60000000 0028 2cff " LLA6
		  "ff020000000000000000000000000001 3c000001 00000001 3a00050200000100" NS(""),
		WEFT_DROP_GUARD_ND },
	{ DST OWN "86dd 60000000 0020 2cff " LLA6 "ff020000000000000000000000000001 3a000001 00000001" NS(""),
		WEFT_DROP_GUARD_ND },
};

// Why port 1's frame is dropped, or -1.
static int
reason_for(struct fixture *f, const char *hex)
{
	int reason = -1;

	fixture_add_hex(f, 1, hex);
	fixture_run(f, "guard");
	for (unsigned int r = 0; r < WEFT_N_DROPS; r++) {
		if (f->w->counters.port[1].drop[r])
			reason = (int)r;
		f->w->counters.port[1].drop[r] = 0;
	}
	fixture_reset(f);
	return reason;
}

static void
guarded_port_speaks_only_for_itself(void **state)
{
	static const struct weft_prefix4 v4 = { RTE_BE32(0x0a000001), RTE_BE32(0xffffffff) };
	static struct weft_prefix6 v6;
	struct fixture *f = *state;

	memset(v6.mask, 0xff, 16);
	fixture_hex(ADDR6, v6.addr, 16);
	f->ports[1].guard = WEFT_GUARD_MAC | WEFT_GUARD_IP | WEFT_GUARD_ROLES;
	f->ports[1].lacks = WEFT_ROLES;
	f->ports[1].mac = MAC_A;
	f->ports[1].n_ip4 = f->ports[1].n_ip6 = 1;
	f->ports[1].ip4 = &v4;
	f->ports[1].ip6 = &v6;
	for (unsigned int i = 0; i < RTE_DIM(samples); i++) {
		int reason = reason_for(f, samples[i].hex);

		if (reason != samples[i].reason)
			print_error("sample %u: %s\n", i, reason < 0 ? "passed" : weft_drop_name(reason));
		assert_int_equal(reason, samples[i].reason);
	}
}

static void
port_without_addresses_is_not_guarded(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < RTE_DIM(samples); i++) {
		fixture_add_hex(f, 1, samples[i].hex);
		assert_int_equal(fixture_run(f, "guard"), 1);
		fixture_reset(f);
	}
}

// Another port names BAD4, BAD6 and LLA7217.
static void
let_another_name(struct fixture *f)
{
	static struct weft_addr_entry table[16];
	static const struct weft_identity other = { .port = 9 };
	static const char *const addr6[] = { BAD6, LLA7217 };
	struct weft_addr_key key = { .network = 7, .length = 32, .addr = { 10, 0, 0, 0x63 } };
	struct weft_addrmap *map = &f->snap.addrs;

	memset(table, 0, sizeof(table));
	*map = (struct weft_addrmap){
		.entry = table, .mask = 15, .lengths4 = UINT64_C(1) << 32, .lengths6 = { 0, 0, 1 }
	};
	f->domains[1].network = 7;
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t at;

		if (i)
			key = (struct weft_addr_key){ .network = 7, .v6 = 1, .length = 128 };
		if (i)
			fixture_hex(addr6[i - 1], key.addr, 16);
		for (at = weft_addrmap_slot(map, &key); table[at].key.network; at = (at + 1) & map->mask)
			;
		table[at] = (struct weft_addr_entry){ key, &other };
	}
}

// What another port names is refused to a port without addresses, to one with a prefix around it, and, but for packets that it
// forwards, to a router.
static void
address_belongs_to_who_names_it(void **state)
{
	static const struct weft_prefix4 v4 = { RTE_BE32(0x0a000000), RTE_BE32(0xffffff00) };
	static const struct weft_prefix6 v6 = { { 0xfd }, { 0xff } };
	static const uint8_t guards[] = { WEFT_GUARD_MAC | WEFT_GUARD_OWNERS, WEFT_GUARD_OWNERS,
		WEFT_GUARD_MAC | WEFT_GUARD_IP, WEFT_GUARD_OWNERS | WEFT_GUARD_FORWARDS };
	struct fixture *f = *state;

	// Before another names it, it is free: what the guard remembers of that ends with the policy.
	f->domains[1].network = 7;
	f->ports[1].guard = WEFT_GUARD_OWNERS;
	assert_int_equal(reason_for(f, UDP4(BAD4, "1000 2000")), -1);
	let_another_name(f);
	f->snap.version++;
	f->ports[1].mac = MAC_A;
	f->ports[1].ip4 = &v4;
	f->ports[1].ip6 = &v6;
	for (unsigned int i = 0; i < RTE_DIM(guards); i++) {
		bool forwards = guards[i] & WEFT_GUARD_FORWARDS;

		f->ports[1].guard = guards[i];
		f->ports[1].n_ip4 = f->ports[1].n_ip6 = guards[i] & WEFT_GUARD_IP ? 1 : 0;
		assert_int_equal(reason_for(f, UDP4(BAD4, "1000 2000")), forwards ? -1 : WEFT_DROP_GUARD_IPV4);
		assert_int_equal(reason_for(f, ECHO6(BAD6)), forwards ? -1 : WEFT_DROP_GUARD_IPV6);
		assert_int_equal(reason_for(f, ECHO6(LLA7217)), forwards ? -1 : WEFT_DROP_GUARD_IPV6);
		assert_int_equal(reason_for(f, ARP(OWN, BAD4)), WEFT_DROP_GUARD_ARP);
		assert_int_equal(reason_for(f, PROBE(BAD4)), WEFT_DROP_GUARD_ARP);
		assert_int_equal(reason_for(f, IP6(LLA6, "0020", NA(BAD6, "0201525400000001"))), WEFT_DROP_GUARD_ND);
		assert_int_equal(reason_for(f, DAD(BAD6)), WEFT_DROP_GUARD_ND);
		assert_int_equal(reason_for(f, DAD(LLA7217)), WEFT_DROP_GUARD_ND);
		assert_int_equal(reason_for(f, UDP4(ADDR4, "1000 2000")), -1);
		assert_int_equal(reason_for(f, ECHO6(ADDR6)), -1);
		assert_int_equal(reason_for(f, ECHO6(LLA6)), -1);
		assert_int_equal(reason_for(f, ARP(OWN, ADDR4)), -1);
		assert_int_equal(reason_for(f, PROBE(ADDR4)), -1);
		assert_int_equal(reason_for(f, DAD(ADDR6)), -1);
	}
	// An uplink carries what other hosts' ports say.
	f->ports[1].guard = 0;
	assert_int_equal(reason_for(f, UDP4(BAD4, "1000 2000")), -1);
	// The port that names it.
	f->ports[1].guard = WEFT_GUARD_IP;
	f->ports[1].n_ip4 = 1;
	f->ports[1].ip4 = &(const struct weft_prefix4){ RTE_BE32(0x0a000063), UINT32_MAX };
	assert_int_equal(reason_for(f, UDP4(BAD4, "1000 2000")), -1);
	assert_int_equal(reason_for(f, PROBE(BAD4)), -1);
}

static void
prefix_covers_its_addresses(void **state)
{
	static const struct weft_prefix4 v4 = { RTE_BE32(0x0a000000), RTE_BE32(0xffffff00) };
	struct fixture *f = *state;

	f->ports[1].guard = WEFT_GUARD_IP;
	f->ports[1].n_ip4 = 1;
	f->ports[1].ip4 = &v4;
	fixture_add_hex(f, 1, UDP4(BAD4, "1000 2000"));
	fixture_add_hex(f, 1, UDP4("0a000101 ", "1000 2000"));
	assert_int_equal(fixture_run(f, "guard"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(guarded_port_speaks_only_for_itself),
		FIXTURE_TEST(port_without_addresses_is_not_guarded),
		FIXTURE_TEST(prefix_covers_its_addresses),
		FIXTURE_TEST(address_belongs_to_who_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

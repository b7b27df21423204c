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
#define BADLLA		    "fe80000000000000505400fffe000009 "
#define ANY6		    "00000000000000000000000000000000 "
#define UDP4(src, ports)    DST OWN "0800 4500001c 00000000 4011 0000 " src "0a000002 " ports " 0008 0000"
#define ARP(sha, spa)	    DST OWN "0806 0001 0800 0604 0001 " sha spa "000000000000 0a000002"
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
	{ ARP(OWN, "00000000 "), -1 },
	{ IP6(ADDR6, "0008", "8000000000000000"), -1 },
	{ IP6(BAD6, "0008", "8000000000000000"), WEFT_DROP_GUARD_IPV6 },
	{ IP6(LLA6, "0008", "8000000000000000"), -1 },
	{ IP6(BADLLA, "0008", "8000000000000000"), WEFT_DROP_GUARD_IPV6 },
	{ IP6(ANY6, "0018", NS("")), -1 },
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
		int reason = -1;

		fixture_add_hex(f, 1, samples[i].hex);
		fixture_run(f, "guard");
		for (unsigned int r = 0; r < WEFT_N_DROPS; r++) {
			if (f->w->counters.port[1].drop[r])
				reason = r;
			f->w->counters.port[1].drop[r] = 0;
		}
		fixture_reset(f);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <rte_ip.h>

#include "fixture.h"

#define DSCP 46

// An IPv4 datagram with the traffic class 0x03 (no DSCP, congestion experienced), and one over IPv6 with 0x01.
#define IPV4 "525400000002 525400000001 0800 45 03 001c 0000 0000 40 11 0000 0a000001 0a000002 0001 0002 0008 0000"
#define IPV6                                                                                                           \
	"525400000002 525400000001 86dd 60100000 0008 11 40 fe80000000000000 0000000000000001 "                        \
	"fe80000000000000 0000000000000002 0001 0002 0008 0000"

static int
setup(void **state)
{
	int ret = fixture_setup(state);
	struct fixture *f = *state;

	f->snap.marks = true;
	f->ports[1].mark = DSCP + 1;
	return ret;
}

// The first packet's bytes from its L3 header on, after the stage has run.
static const uint8_t *
run(struct fixture *f, uint16_t port, const char *hex)
{
	fixture_add_hex(f, port, hex);
	assert_int_equal(fixture_run(f, "class"), 1);
	return rte_pktmbuf_mtod_offset(f->vec.pkts[0], const uint8_t *, f->vec.lanes[0].l3_off);
}

static void
ipv4_gets_the_dscp_and_keeps_its_ecn(void **state)
{
	struct fixture *f = *state;
	uint8_t frame[64];
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);
	unsigned int len = fixture_hex(IPV4, frame, sizeof(frame));
	const uint8_t *l3;

	ip->hdr_checksum = rte_ipv4_cksum(ip);
	fixture_add(f, 1, frame, len);
	assert_int_equal(fixture_run(f, "class"), 1);
	l3 = rte_pktmbuf_mtod_offset(f->vec.pkts[0], const uint8_t *, 14);
	assert_int_equal(l3[1], DSCP << 2 | 3);
	assert_int_equal(rte_raw_cksum(l3, 20), 0xffff);
	assert_int_equal(f->vec.lanes[0].priority, 5 << 1);
}

static void
ipv6_gets_the_dscp_and_keeps_its_ecn(void **state)
{
	const uint8_t *l3 = run(*state, 1, IPV6);

	assert_int_equal(l3[0], 0x60 | (DSCP << 2) >> 4);
	assert_int_equal(l3[1], ((DSCP << 2 | 1) << 4) & 0xf0);
}

static void
other_frames_get_the_priority_only(void **state)
{
	struct fixture *f = *state;

	assert_memory_equal(run(f, 1, "525400000002 525400000001 88b5 0123"), "\x01\x23", 2);
	assert_int_equal(f->vec.lanes[0].priority, 5 << 1);
}

static void
ports_without_a_mark_send_as_they_like(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, 2, IPV4)[1], 3);
	assert_int_equal(f->vec.lanes[0].priority, 0);
}

static void
dry_run_records_and_changes_nothing(void **state)
{
	struct fixture *f = *state;

	f->vec.dry_run = true;
	f->vec.explain = &f->explain;
	assert_int_equal(run(f, 1, IPV4)[1], 3);
	assert_string_equal(f->explain.step[f->explain.n_steps - 1].stage, "class");
	assert_non_null(strstr(f->explain.step[f->explain.n_steps - 1].text, "DSCP 46"));
}

static void
only_ports_with_a_mark_need_it(void **state)
{
	struct fixture *f = *state;

	assert_true(weft_class_needed(&f->snap, 1));
	assert_false(weft_class_needed(&f->snap, 2));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ipv4_gets_the_dscp_and_keeps_its_ecn),
		TEST(ipv6_gets_the_dscp_and_keeps_its_ecn),
		TEST(other_frames_get_the_priority_only),
		TEST(ports_without_a_mark_send_as_they_like),
		TEST(dry_run_records_and_changes_nothing),
		TEST(only_ports_with_a_mark_need_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

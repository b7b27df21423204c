// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <stdlib.h>

#include "fixture.h"
#include "pipeline/stages/parse.h"

#define ETH "525400000002 525400000001 "

struct sample {
	const char *hex;
	int reason; // -1: accepted
	uint16_t ethertype;
	uint16_t l3, l4;
	uint8_t proto, flags;
};

#define R(reason) WEFT_DROP_PARSE_##reason
#define V4	  WEFT_LANE_IPV4
#define V6	  WEFT_LANE_IPV6
#define L4	  WEFT_LANE_L4
#define PORTS	  (WEFT_LANE_L4 | WEFT_LANE_PORTS)
#define FRAG	  WEFT_LANE_FRAGMENT
#define LATER	  WEFT_LANE_LATER_FRAGMENT

#define ADDR6 "fd000000000000000000000000000001 fd000000000000000000000000000002 "

static const struct sample samples[] = {
	// Ethernet
	{ "52540000000252540000", R(RUNT) },
	{ ETH "08", R(RUNT) },
	{ ETH "88b5", -1, 0x88b5, 14 },
	{ "525400000002 010000000001 88b5", R(SOURCE) },
	{ "525400000002 000000000000 88b5", R(SOURCE) },
	// Tags
	{ ETH "8100 0064 88b5", -1, 0x88b5, 18 },
	{ ETH "88a8 0064 8100 000a 88b5", -1, 0x88b5, 22 },
	{ ETH "8100 00", R(VLAN) },
	{ ETH "8100 0064", R(VLAN) },
	{ ETH "8100 0064 8100 0064 8100 0064 0800", R(VLAN) },
	// 802.3: a length, and LLC/SNAP with what it carries; not with a tag, nor longer than the frame
	{ ETH "0003 424203", -1, 3, 14 },
	{ ETH "0008 aaaa03 000000 88b5", -1, 0x88b5, 22, 0, 0, WEFT_LANE_SNAP },
	{ ETH "0008 aaaa03 00000c 2000", -1, 8, 14 },
	{ ETH "0024 aaaa03 000000 0800 4500001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", -1, 0x800,
		22, 42, 17, V4 | PORTS | WEFT_LANE_SNAP },
	{ ETH "8100 0000 0024 aaaa03 0000f8 0800 4500001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", -1,
		0x800, 26, 46, 17, V4 | PORTS | WEFT_LANE_SNAP },
	{ ETH "0009 aaaa03 000000 88b5", R(LLC) },
	{ ETH "000c aaaa03 000000 8100 0000 0800", R(LLC) },
	{ ETH "000c aaaa03 000000 88a8 0000 0800", R(LLC) },
	{ ETH "0008 aaaa03 000000 05ff", R(LLC) },
	// ARP
	{ ETH "0806 0001 0800 06 04 0001 525400000001 0a000001 000000000000 0a000002", -1, 0x806, 14, 0, 0,
		WEFT_LANE_ARP },
	{ ETH "0806 0001 0800 06 04 0001 525400000001 0a000001 000000000000 0a0000", R(ARP) },
	{ ETH "0806 0001 86dd 06 10 0001 525400000001 0a000001 000000000000 0a000002", R(ARP) },
	// IPv4: UDP of 8 bytes, options, bad lengths
	{ ETH "0800 4500001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", -1, 0x800, 14, 34, 17,
		V4 | PORTS },
	{ ETH "0800 46000020 00000000 4011 0000 0a000001 0a000002 01010101 1000 2000 0008 0000", -1, 0x800, 14, 38, 17,
		V4 | PORTS },
	{ ETH "0800 4400001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", R(IPV4) },
	{ ETH "0800 6500001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", R(IPV4) },
	{ ETH "0800 4500001d 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", R(IPV4) },
	{ ETH "0800 45000013 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", R(IPV4) },
	{ ETH "0800 4500001c 00000000 4011 0000 0a000001 0a0000", R(IPV4) },
	{ ETH "0800 4f00001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0008 0000", R(IPV4) },
	// L4: UDP lies, TCP short and with a bad offset, ICMP short
	{ ETH "0800 4500001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0009 0000", R(L4) },
	{ ETH "0800 4500001c 00000000 4011 0000 0a000001 0a000002 1000 2000 0007 0000", R(L4) },
	{ ETH "0800 4500001c 00000000 4006 0000 0a000001 0a000002 1000 2000 0008 0000", R(L4) },
	{ ETH "0800 45000028 00000000 4006 0000 0a000001 0a000002 1000200000000000000000005010000000000000", -1, 0x800,
		14, 34, 6, V4 | PORTS },
	{ ETH "0800 45000028 00000000 4006 0000 0a000001 0a000002 1000200000000000000000004010000000000000", R(L4) },
	{ ETH "0800 45000028 00000000 4006 0000 0a000001 0a000002 1000200000000000000000006010000000000000", R(L4) },
	{ ETH "0800 4500001b 00000000 4001 0000 0a000001 0a000002 08000000000000", R(L4) },
	// Fragments: the first carries less than its datagram, later ones have no header
	{ ETH "0800 4500001c 00002000 4011 0000 0a000001 0a000002 1000 2000 0100 0000", -1, 0x800, 14, 34, 17,
		V4 | PORTS | FRAG },
	{ ETH "0800 45000018 00002001 4011 0000 0a000001 0a000002 00000000", -1, 0x800, 14, 34, 17, V4 | FRAG | LATER },
	// An unknown protocol passes without L4
	{ ETH "0800 45000018 00000000 4085 0000 0a000001 0a000002 00000000", -1, 0x800, 14, 34, 133, V4 },
	// SCTP's common header has twelve bytes
	{ ETH "0800 45000020 00000000 4084 0000 0a000001 0a000002 100020000000000000000000", -1, 0x800, 14, 34, 132,
		V4 | PORTS },
	{ ETH "0800 4500001f 00000000 4084 0000 0a000001 0a000002 1000200000000000000000", R(L4) },
	// IPv6: ICMP, truncation, extension headers
	{ ETH "86dd 60000000 0008 3a 40" ADDR6 "8000000000000000", -1, 0x86dd, 14, 54, 58, V6 | L4 },
	{ ETH "86dd 60000000 0009 3a 40" ADDR6 "8000000000000000", R(IPV6) },
	{ ETH "86dd 40000000 0008 3a 40" ADDR6 "8000000000000000", R(IPV6) },
	{ ETH "86dd 60000000 0008 3a 40 fd", R(IPV6) },
	{ ETH "86dd 60000000 0010 00 40" ADDR6 "3a00000000000000 8000000000000000", -1, 0x86dd, 14, 62, 58, V6 | L4 },
	{ ETH "86dd 60000000 0010 00 40" ADDR6 "3a02000000000000 8000000000000000", R(IPV6_EXT) },
	{ ETH "86dd 60000000 0004 00 40" ADDR6 "3a000000", R(IPV6_EXT) },
	{ ETH "86dd 60000000 0010 2c 40" ADDR6 "1100000100000001 1000200000080000", -1, 0x86dd, 14, 62, 17,
		V6 | PORTS | FRAG },
	{ ETH "86dd 60000000 0010 2c 40" ADDR6 "1100000800000001 1000200000080000", -1, 0x86dd, 14, 62, 17,
		V6 | FRAG | LATER },
	{ ETH "86dd 60000000 0050 00 40" ADDR6 "0000000000000000 0000000000000000 0000000000000000 0000000000000000"
	      "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 3b00000000000000",
		R(IPV6_EXT) },
};

static void
each_sample_gets_its_verdict(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(samples); i++) {
		const struct sample *s = &samples[i];
		struct weft_lane lane = { 0 };
		uint8_t frame[256];
		unsigned int len = fixture_hex(s->hex, frame, sizeof(frame));
		int reason = weft_parse_frame(frame, len, len, &lane);

		if (reason != s->reason)
			print_error("sample %u: %s\n", i, reason < 0 ? "accepted" : weft_drop_name(reason));
		assert_int_equal(reason, s->reason);
		if (reason >= 0)
			continue;
		assert_int_equal(lane.ethertype, s->ethertype);
		assert_int_equal(lane.l3_off, s->l3);
		assert_int_equal(lane.l4_off, s->l4);
		assert_int_equal(lane.proto, s->proto);
		assert_int_equal(lane.flags, s->flags);
		assert_true(lane.dst == MAC_B && lane.src == MAC_A);
	}
}

// Cuts every accepted sample everywhere, with the rest in another segment, and without: never read, never passed.
static void
truncation_is_noticed_at_every_byte(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(samples); i++) {
		uint8_t frame[256];
		unsigned int len = fixture_hex(samples[i].hex, frame, sizeof(frame));

		for (unsigned int cut = 0; cut < len && samples[i].reason < 0; cut++) {
			struct weft_lane lane = { 0 };
			uint8_t *exact = malloc(cut + 1);
			int split;

			// Headers up to the cut only; a sanitizer sees a read behind it.
			exact = realloc(exact, cut ? cut : 1);
			memcpy(exact, frame, cut);
			if (samples[i].flags & (WEFT_LANE_IPV4 | WEFT_LANE_IPV6))
				assert_true(weft_parse_frame(exact, cut, cut, &lane) >= 0);
			split = weft_parse_frame(exact, cut, len, &lane);
			if (split >= 0)
				assert_int_equal(split, WEFT_DROP_PARSE_SPLIT);
			free(exact);
		}
	}
}

static void
tag_of_the_outer_header_is_kept(void **state)
{
	struct weft_lane lane = { 0 };
	uint8_t frame[64];
	unsigned int len = fixture_hex(ETH "88a8 a064 8100 000a 88b5", frame, sizeof(frame));

	(void)state;
	assert_int_equal(weft_parse_frame(frame, len, len, &lane), -1);
	assert_int_equal(lane.n_tags, 2);
	assert_int_equal(lane.tpid, 0x88a8);
	assert_int_equal(lane.tci, 0xa064);
}

static void
stage_drops_only_the_bad_lanes(void **state)
{
	struct fixture *f = *state;

	fixture_add_eth(f, 1, MAC_B, MAC_A);
	fixture_add_hex(f, 2, "5254");
	fixture_add_eth(f, 1, MAC_B, MAC_A);
	assert_int_equal(fixture_run(f, "parse"), 0x5);
	assert_int_equal(f->w->counters.port[2].drop[WEFT_DROP_PARSE_RUNT], 1);
	assert_int_equal(fixture_drops(f, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_gets_its_verdict),
		cmocka_unit_test(truncation_is_noticed_at_every_byte),
		cmocka_unit_test(tag_of_the_outer_header_is_kept),
		FIXTURE_TEST(stage_drops_only_the_bad_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

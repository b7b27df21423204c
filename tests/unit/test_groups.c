// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Multicast goes to those who have joined its group, once it is certain that they are known.
#include "fixture.h"

#include <rte_ip.h>
#include "pipeline/multicast/querier.h"

#define UPLINK 5
#define WARM   136 // seconds after which all have been asked: one interval and the time for an answer

// A packet of PROTO to the group GROUP, with LEN bytes of payload in frame[34..]; IPv4 without options.
static unsigned int
frame_of(uint8_t frame[128], uint32_t group, uint8_t proto, const uint8_t *payload, unsigned int len)
{
	uint8_t head[] = { 1, 0, 0x5e, (group >> 16) & 0x7f, (group >> 8) & 0xff, group & 0xff, 2, 0, 0, 0, 0, 9, 8, 0,
		0x45, 0, 0, (uint8_t)(20 + len), 0, 0, 0, 0, 1, proto, 0, 0, 10, 0, 0, 1, group >> 24,
		(group >> 16) & 0xff, (group >> 8) & 0xff, group & 0xff };

	memcpy(frame, head, sizeof(head));
	memcpy(frame + sizeof(head), payload, len);
	return sizeof(head) + len;
}

// How many got a datagram to GROUP from PORT, as a set of ports.
static unsigned int
who_gets(struct fixture *f, uint16_t port, uint32_t group)
{
	const uint8_t udp[] = { 0, 1, 0, 2, 0, 8, 0, 0 };
	uint8_t frame[128];
	unsigned int ports = 0;

	fixture_add(f, port, frame, frame_of(frame, group, 17, udp, sizeof(udp)));
	fixture_forward(f);
	for (unsigned int i = 0; i < f->n_sent; i++)
		ports |= 1u << f->sent[i].port;
	f->n_sent = 0;
	return ports;
}

static void
igmp(struct fixture *f, uint16_t port, uint32_t to, const uint8_t *message, unsigned int len)
{
	uint8_t frame[128], copy[64];
	uint16_t sum;

	memcpy(copy, message, len);
	sum = (uint16_t)~rte_raw_cksum(copy, len);
	memcpy(copy + 2, &sum, sizeof(sum));
	fixture_add(f, port, frame, frame_of(frame, to, 2, copy, len));
	fixture_forward(f);
}

// IGMPv2: TYPE 0x16 joins, 0x17 leaves, 0x11 asks.
static void
igmp2(struct fixture *f, uint16_t port, uint8_t type, uint32_t group)
{
	const uint8_t message[8] = { type, 0, 0, 0, group >> 24, (group >> 16) & 0xff, (group >> 8) & 0xff,
		group & 0xff };

	igmp(f, port, group ? group : 0xe0000001, message, sizeof(message));
}

// Ports 1 to 4 are guests, 5 is an uplink.
static int
setup(void **state)
{
	static const uint16_t members[] = { 1, 2, 3, 4, UPLINK };
	int ret = fixture_setup(state);
	struct fixture *f = *state;

	f->ports[UPLINK] = f->ports[4];
	f->ports[UPLINK].tagging = WEFT_TAG_UPLINK;
	f->domains[1].snooping = true;
	f->domains[1].ports = members;
	f->domains[1].n_ports = 5;
	f->w->clock = 10;
	return ret;
}

static void
groups_go_to_those_who_have_joined(void **state)
{
	struct fixture *f = *state;
	const uint32_t group = 0xef010203, other = 0xef010204;

	igmp2(f, 2, 0x16, group);
	// The report itself is for routers: it goes to the uplink alone.
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].port, UPLINK);
	f->n_sent = 0;
	// Others may have joined before: until all have been asked it goes to all.
	assert_int_equal(who_gets(f, 1, group), 1 << 2 | 1 << 3 | 1 << 4 | 1 << UPLINK);
	f->w->clock += WARM;
	igmp2(f, 2, 0x16, group);
	f->n_sent = 0;
	assert_int_equal(who_gets(f, 1, group), 1 << 2 | 1 << UPLINK);
	assert_int_equal(who_gets(f, 1, other), 1 << 2 | 1 << 3 | 1 << 4 | 1 << UPLINK);
	assert_int_equal(who_gets(f, 1, 0xe00000fb), 1 << 2 | 1 << 3 | 1 << 4 | 1 << UPLINK);
	// What nobody repeats is void.
	f->w->clock += 300;
	assert_int_equal(who_gets(f, 1, group), 1 << 2 | 1 << 3 | 1 << 4 | 1 << UPLINK);
}

static void
who_leaves_gets_no_more(void **state)
{
	struct fixture *f = *state;
	const uint32_t group = 0xef010203;

	for (unsigned int again = 0; again < 2; again++) {
		igmp2(f, 2, 0x16, group);
		igmp2(f, 3, 0x16, group);
		f->w->clock += again ? 0 : WARM;
	}
	f->n_sent = 0;
	// Behind a port that may have several stations another one may still want it.
	igmp2(f, 2, 0x17, group);
	f->n_sent = 0;
	assert_int_equal(who_gets(f, 1, group), 1 << 2 | 1 << 3 | 1 << UPLINK);
	f->ports[2].guard = WEFT_GUARD_MAC;
	f->ports[2].mac = UINT64_C(0x020000000009);
	igmp2(f, 2, 0x17, group);
	f->n_sent = 0;
	assert_int_equal(who_gets(f, 1, group), 1 << 3 | 1 << UPLINK);
}

static void
routers_get_all_groups(void **state)
{
	struct fixture *f = *state;
	const uint32_t group = 0xef010203;

	igmp2(f, 4, 0x11, 0);
	// A query goes to all.
	assert_int_equal(f->n_sent, 4);
	igmp2(f, 2, 0x16, group);
	f->w->clock += WARM;
	igmp2(f, 2, 0x16, group);
	igmp2(f, 4, 0x11, 0);
	f->n_sent = 0;
	assert_int_equal(who_gets(f, 1, group), 1 << 2 | 1 << 4 | 1 << UPLINK);
}

// RFC 3376: records of a version 3 report, with sources and without.
static void
records_are_read(void **state)
{
	struct fixture *f = *state;
	const uint8_t report[] = { 0x22, 0, 0, 0, 0, 0, 0, 3,
		// to exclude nothing: joins
		4, 0, 0, 0, 239, 1, 2, 3,
		// allows a source, with an auxiliary word: joins
		5, 1, 0, 1, 239, 1, 2, 4, 10, 0, 0, 9, 0, 0, 0, 0,
		// includes nothing: leaves
		3, 0, 0, 0, 239, 1, 2, 5 };

	igmp2(f, 3, 0x16, 0xef010203);
	igmp2(f, 3, 0x16, 0xef010204);
	igmp2(f, 3, 0x16, 0xef010205);
	f->w->clock += WARM;
	igmp(f, 2, 0xe0000016, report, sizeof(report));
	igmp2(f, 3, 0x16, 0xef010205);
	f->n_sent = 0;
	assert_int_equal(who_gets(f, 1, 0xef010203) & 1 << 2, 1 << 2);
	assert_int_equal(who_gets(f, 1, 0xef010204) & 1 << 2, 1 << 2);
	assert_int_equal(who_gets(f, 1, 0xef010205), 1 << 3 | 1 << UPLINK);
	// Cut anywhere, with a right checksum: nothing is read beyond its end.
	for (unsigned int len = 8; len < sizeof(report); len++)
		igmp(f, 2, 0xe0000016, report, len);
}

static void
what_is_wrong_is_not_believed(void **state)
{
	struct fixture *f = *state;
	const uint32_t group = 0xef010203;
	uint8_t frame[128], message[8] = { 0x16, 0, 1, 2, 239, 1, 2, 3 };

	fixture_add(f, 2, frame, frame_of(frame, group, 2, message, sizeof(message)));
	fixture_forward(f);
	assert_int_equal(f->w->groups->n, 0);
	// A group that is always for all, and an address that is no group's.
	igmp2(f, 2, 0x16, 0xe0000005);
	igmp2(f, 2, 0x16, 0x0a000001);
	assert_int_equal(f->w->groups->n, 0);
}

static void
a_port_has_so_many_groups(void **state)
{
	struct fixture *f = *state;

	weft_groups_free(f->w->groups);
	f->w->groups = weft_groups_new(4096, 125, 5);
	for (uint32_t i = 0; i < WEFT_GROUPS_PER_PORT + 10; i++) {
		igmp2(f, 2, 0x16, 0xef010000 + i);
		f->n_sent = 0;
	}
	assert_int_equal(f->w->groups->joined[2], WEFT_GROUPS_PER_PORT);
	assert_int_equal(f->w->groups->refused, 10);
	igmp2(f, 3, 0x16, 0xef020000);
	assert_int_equal(f->w->groups->joined[3], 1);
	// A group that somebody wants whose wish there was no room for goes to all.
	f->w->clock += WARM;
	igmp2(f, 3, 0x16, 0xef020000);
	f->n_sent = 0;
	assert_int_equal(who_gets(f, 1, 0xef020000), 1 << 3 | 1 << UPLINK);
	igmp2(f, 2, 0x16, 0xef020000);
	f->n_sent = 0;
	assert_int_equal(who_gets(f, 1, 0xef020000), 1 << 2 | 1 << 3 | 1 << 4 | 1 << UPLINK);
	// All are void some day, and their room is given back.
	f->w->clock += 1000;
	weft_groups_sweep(f->w, f->w->groups->tab.mask + 1);
	assert_int_equal(f->w->groups->n, 0);
	assert_int_equal(f->w->groups->joined[2], 0);
}

static void
guests_are_asked_where_no_router_does(void **state)
{
	struct fixture *f = *state;

	weft_groups_query(f->w, 2);
	f->w->outbox.flush_port(f->w, 2);
	assert_int_equal(f->n_sent, 2);
	// IGMP, and MLD.
	assert_memory_equal(f->sent[0].data, "\x01\0\x5e\0\0\1\x02weft\1\x08\0\x46", 15);
	assert_int_equal(rte_raw_cksum(f->sent[0].data + 14, 24), 0xffff);
	assert_int_equal(f->sent[0].data[38], 0x11);
	assert_int_equal(rte_raw_cksum(f->sent[0].data + 38, 12), 0xffff);
	assert_memory_equal(f->sent[1].data, "\x33\x33\0\0\0\1\x02weft\1\x86\xdd\x60", 15);
	assert_int_equal(f->sent[1].data[62], 130);
	f->n_sent = 0;
	f->w->outbox.n_dirty = 0;
	f->w->outbox.port[2].dirty = false;
	weft_groups_query(f->w, UPLINK);
	assert_int_equal(f->w->outbox.n_dirty, 0);
	igmp2(f, 4, 0x11, 0);
	f->n_sent = 0;
	weft_groups_query(f->w, 2);
	f->w->outbox.flush_port(f->w, 2);
	assert_int_equal(f->n_sent, 1);
	assert_int_equal(f->sent[0].data[12], 0x86);
	f->w->outbox.n_dirty = 0;
	f->w->outbox.port[2].dirty = false;
}

// MLDv2 from fe80::1 for ff05::1:3, with its option of the router's alert.
static void
mld_is_read_too(void **state)
{
	struct fixture *f = *state;
	uint8_t report[] = { 0x33, 0x33, 0, 0, 0, 0x16, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 36, 0, 1, 0xfe,
		0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16,
		58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 3 };
	uint8_t data[] = { 0x33, 0x33, 0, 1, 0, 3, 2, 0, 0, 0, 0, 8, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 8, 17, 8, 0xfd, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 1, 0, 2, 0,
		8, 0, 1 };

	for (unsigned int again = 0; again < 2; again++) {
		fixture_add(f, 2, report, sizeof(report));
		fixture_forward(f);
		f->w->clock += again ? 0 : WARM;
	}
	f->n_sent = 0;
	fixture_add(f, 1, data, sizeof(data));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2);
	// All that is local to the link goes to all.
	data[39] = 2;
	fixture_add(f, 1, data, sizeof(data));
	fixture_forward(f);
	assert_int_equal(f->n_sent, 2 + 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(groups_go_to_those_who_have_joined, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(who_leaves_gets_no_more, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(routers_get_all_groups, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(records_are_read, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_not_believed, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_port_has_so_many_groups, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(guests_are_asked_where_no_router_does, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(mld_is_read_too, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

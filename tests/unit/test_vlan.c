// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"

#define DROP(reason) WEFT_DROP_VLAN_##reason

#define UNTAGGED     "525400000002 525400000001 88b5 0000"
#define TAGGED(tci)  "525400000002 525400000001 8100" tci "88b5 0000"
#define SERVICE(tci) "525400000002 525400000001 88a8" tci "88b5 0000"

static uint16_t table[4096];

// The domain that a frame from port 1 gets, or minus the reason.
static int
domain_of(struct fixture *f, const char *hex)
{
	int ret = 0;

	fixture_add_hex(f, 1, hex);
	if (fixture_run(f, "vlan"))
		ret = f->vec.lanes[0].domain;
	for (unsigned int i = 0; i < WEFT_N_DROPS; i++) {
		if (f->w->counters.port[1].drop[i])
			ret = -(int)i;
		f->w->counters.port[1].drop[i] = 0;
	}
	fixture_reset(f);
	return ret;
}

static void
access_port_takes_untagged_and_priority_tagged_frames(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(domain_of(f, UNTAGGED), 1);
	assert_int_equal(domain_of(f, TAGGED("6000")), 1);
	assert_int_equal(domain_of(f, TAGGED("0001")), -DROP(TAGGED));
	// A tag behind a priority tag is the frame's tag.
	assert_int_equal(domain_of(f, TAGGED("6000 8100 0014")), -DROP(TAGGED));
	assert_int_equal(domain_of(f, SERVICE("0000 8100 0014")), -DROP(TAGGED));
	assert_int_equal(domain_of(f, SERVICE("0000 88a8 0014")), -DROP(TAGGED));
	assert_int_equal(domain_of(f, TAGGED("6000 8100 e000")), 1);
}

static void
trunk_takes_only_what_it_lists(void **state)
{
	struct fixture *f = *state;

	memset(table, 0, sizeof(table));
	table[10] = 2;
	f->ports[1].tagging = WEFT_TAG_TRUNK;
	f->ports[1].native = 0;
	f->ports[1].vid_domain = table;
	assert_int_equal(domain_of(f, TAGGED("000a")), 2);
	assert_int_equal(domain_of(f, TAGGED("e00a")), 2);
	assert_int_equal(domain_of(f, TAGGED("000b")), -DROP(NOT_ALLOWED));
	assert_int_equal(domain_of(f, SERVICE("000a")), -DROP(NOT_ALLOWED));
	assert_int_equal(domain_of(f, SERVICE("0000 8100 000a")), 2);
	assert_int_equal(domain_of(f, TAGGED("0000 8100 000b")), -DROP(NOT_ALLOWED));
	assert_int_equal(domain_of(f, TAGGED("0000 88a8 000a")), -DROP(NOT_ALLOWED));
	assert_int_equal(domain_of(f, UNTAGGED), -DROP(UNTAGGED));
	assert_int_equal(domain_of(f, TAGGED("0000")), -DROP(UNTAGGED));
	f->ports[1].native = 3;
	assert_int_equal(domain_of(f, UNTAGGED), 3);
	assert_int_equal(domain_of(f, TAGGED("2000")), 3);
	f->ports[1].tpid = 0x88a8;
	assert_int_equal(domain_of(f, SERVICE("000a")), 2);
	assert_int_equal(domain_of(f, TAGGED("000a")), -DROP(NOT_ALLOWED));
}

static void
trunk_without_a_list_carries_nothing(void **state)
{
	struct fixture *f = *state;

	f->ports[1].tagging = WEFT_TAG_TRUNK;
	f->ports[1].native = 0;
	for (unsigned int vid = 0; vid < 4096; vid++) {
		char hex[64];

		snprintf(hex, sizeof(hex), TAGGED("%04x"), vid);
		assert_true(domain_of(f, hex) < 0);
	}
	assert_true(domain_of(f, UNTAGGED) < 0);
}

static void
tunnel_port_keeps_the_guests_tags(void **state)
{
	struct fixture *f = *state;

	f->ports[1].tagging = WEFT_TAG_QINQ;
	f->ports[1].native = 4;
	assert_int_equal(domain_of(f, TAGGED("0abc")), 4);
	assert_int_equal(domain_of(f, TAGGED("0000 8100 0abc")), 4);
	assert_int_equal(domain_of(f, UNTAGGED), 4);
	fixture_add_hex(f, 1, TAGGED("0abc"));
	fixture_run(f, "vlan");
	assert_int_equal(f->vec.lanes[0].strip, 0);
}

static void
port_that_is_down_takes_nothing(void **state)
{
	struct fixture *f = *state;

	f->ports[1].up = false;
	assert_int_equal(domain_of(f, UNTAGGED), -(int)WEFT_DROP_PORT_DOWN);
}

static void
tenant_that_wants_it_is_shut_off_while_the_cluster_is_lost(void **state)
{
	struct fixture *f = *state;

	f->ports[1].closed = WEFT_CLOSED_FENCED;
	f->w->fenced = true;
	assert_int_equal(domain_of(f, UNTAGGED), 1);
	f->ports[1].fence_all = true;
	assert_int_equal(domain_of(f, UNTAGGED), -(int)WEFT_DROP_PORT_FENCED);
	f->w->fenced = false;
	assert_int_equal(domain_of(f, UNTAGGED), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(access_port_takes_untagged_and_priority_tagged_frames),
		FIXTURE_TEST(trunk_takes_only_what_it_lists),
		FIXTURE_TEST(trunk_without_a_list_carries_nothing),
		FIXTURE_TEST(tunnel_port_keeps_the_guests_tags),
		FIXTURE_TEST(port_that_is_down_takes_nothing),
		FIXTURE_TEST(tenant_that_wants_it_is_shut_off_while_the_cluster_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

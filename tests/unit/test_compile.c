// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "compile.h"
#include "fixture.h"

#define HZ UINT64_C(1000000)

static struct weft_placement placement;

static int
setup(void **state)
{
	(void)state;
	fixture_eal();
	memset(&placement, 0, sizeof(placement));
	placement.index = json_object();
	placement.domains = json_object();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	json_decref(placement.index);
	json_decref(placement.domains);
	return 0;
}

// Places ports in their order: slots 1, 2, ...
static struct weft_snapshot *
compile(const char *tree)
{
	struct weft_error err = { "" };
	struct weft_model *model = weft_model_new(json_loads(tree, 0, NULL), "/tmp", &err);
	struct weft_snapshot *snap;

	assert_non_null(model);
	for (unsigned int i = 0; i < model->n_ports; i++) {
		struct weft_place *place = &placement.place[i + 1];

		snprintf(place->path, sizeof(place->path), "%s", model->ports[i].path);
		place->gen = 1;
		json_object_set_new(placement.index, place->path, json_integer(i + 1));
	}
	snap = weft_compile(model, &placement, 5, HZ, &err);
	assert_non_null(snap);
	weft_model_free(model);
	return snap;
}

static bool
is_member(const struct weft_snapshot *snap, uint16_t domain, uint16_t port)
{
	for (uint32_t i = 0; i < snap->domains[domain].n_ports; i++)
		if (snap->domains[domain].ports[i] == port)
			return true;
	return false;
}

static void
ports_of_a_network_share_a_domain(void **state)
{
	struct weft_snapshot *snap =
		compile("{\"tenants\": {\"t\": {\"networks\": {\"n\": {\"mtu\": 9000}, \"m\": {}}, \"ports\": {"
			"\"a\": {\"network\": \"n\"}, \"b\": {\"network\": \"n\", \"state\": \"down\"}, \"c\": "
			"{\"network\": \"m\"}}}}}");

	(void)state;
	assert_int_equal(snap->version, 5);
	assert_int_equal(snap->ports[1].native, snap->ports[2].native);
	assert_int_not_equal(snap->ports[1].native, snap->ports[3].native);
	assert_int_equal(snap->ports[1].mtu, 9000);
	assert_true(snap->ports[1].up);
	assert_false(snap->ports[2].up);
	assert_true(is_member(snap, snap->ports[1].native, 2));
	assert_false(is_member(snap, snap->ports[1].native, 3));
	weft_snapshot_free(snap);
}

static void
vlans_of_a_trunk_meet_the_access_ports(void **state)
{
	struct weft_snapshot *snap =
		compile("{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {"
			"\"a\": {\"network\": \"n\", \"vlan\": {\"access\": 10}},"
			"\"b\": {\"network\": \"n\", \"vlan\": {\"trunk\": [10, \"20-21\"], \"native\": 20}},"
			"\"c\": {\"network\": \"n\", \"vlan\": {\"trunk\": []}}}}}}");
	const struct weft_port_conf *b = &snap->ports[2], *c = &snap->ports[3];

	(void)state;
	assert_int_equal(b->vid_domain[10], snap->ports[1].native);
	assert_int_equal(b->native, b->vid_domain[20]);
	assert_int_equal(snap->domains[b->vid_domain[21]].vid, 21);
	assert_int_equal(b->vid_domain[11], 0);
	assert_int_equal(c->native, 0);
	for (unsigned int vid = 0; vid < 4096; vid++)
		assert_int_equal(c->vid_domain[vid], 0);
	weft_snapshot_free(snap);
}

static void
uplink_carries_the_vlan_networks_and_no_others(void **state)
{
	struct weft_snapshot *snap =
		compile("{\"tenants\": {\"t\": {\"networks\": {\"l\": {}, \"v\": {\"encap\": \"vlan\", \"vlan\": 7}},"
			"\"ports\": {\"a\": {\"network\": \"v\"}, \"b\": {\"network\": \"l\"}, \"u\": {\"attach\": "
			"{\"type\": \"eth\", \"device\": \"net_null0\"}}}}}}");
	const struct weft_port_conf *u = &snap->ports[3];

	(void)state;
	assert_int_equal(u->tagging, WEFT_TAG_UPLINK);
	assert_int_equal(u->vid_domain[7], snap->ports[1].native);
	assert_int_equal(snap->domains[u->vid_domain[7]].uplink_vid, 7);
	assert_int_equal(u->native, 0);
	assert_false(is_member(snap, snap->ports[2].native, 3));
	weft_snapshot_free(snap);
}

static void
own_macs_are_entered_in_every_domain_of_a_port(void **state)
{
	struct weft_snapshot *snap = compile(
		"{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {"
		"\"a\": {\"network\": \"n\", \"mac\": \"52:54:00:00:00:01\", \"vlan\": {\"trunk\": [\"1-4094\"]}}}}}}");

	(void)state;
	for (unsigned int vid = 1; vid < 4095; vid++) {
		uint64_t key = weft_mac_key(snap->ports[1].vid_domain[vid], MAC_A);
		const struct weft_mac_entry *entry =
			weft_mactab_find(&snap->static_macs, key, weft_mactab_hash(&snap->static_macs, key));

		assert_non_null(entry);
		assert_int_equal(entry->port, 1);
	}
	weft_snapshot_free(snap);
}

static void
domains_keep_their_number_and_give_it_back(void **state)
{
	const char *one = "{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {\"a\": {\"network\": \"n\", "
			  "\"vlan\": {\"access\": 9}}}}}}";
	struct weft_snapshot *snap = compile(one);
	uint16_t domain = snap->ports[1].native;

	(void)state;
	weft_snapshot_free(snap);
	snap = compile(one);
	assert_int_equal(snap->ports[1].native, domain);
	weft_snapshot_free(snap);
	for (unsigned int i = 0; i < 3; i++) {
		snap = compile("{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {\"a\": {\"network\": "
			       "\"n\", \"vlan\": {\"trunk\": [\"1-4094\"]}}}}}}");
		weft_snapshot_free(snap);
		snap = compile(one);
		weft_snapshot_free(snap);
	}
	assert_int_equal(json_object_size(placement.domains), 1);
}

static void
flood_limits_become_cycles(void **state)
{
	struct weft_snapshot *snap =
		compile("{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {\"a\": {\"network\": \"n\", "
			"\"flood\": {\"broadcast\": 1000, \"unknown\": 0}}}}}}");

	(void)state;
	assert_int_equal(snap->ports[1].flood[WEFT_FLOOD_BROADCAST].cost, HZ / 1000);
	assert_int_equal(snap->ports[1].flood[WEFT_FLOOD_BROADCAST].burst, HZ / 10);
	assert_int_equal(snap->ports[1].flood[WEFT_FLOOD_UNKNOWN].cost, 0);
	weft_snapshot_free(snap);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports_of_a_network_share_a_domain),
		TEST(vlans_of_a_trunk_meet_the_access_ports),
		TEST(uplink_carries_the_vlan_networks_and_no_others),
		TEST(own_macs_are_entered_in_every_domain_of_a_port),
		TEST(domains_keep_their_number_and_give_it_back),
		TEST(flood_limits_become_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

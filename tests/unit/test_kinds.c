// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"
#include "kinds.h"

static int
parse(const char *text, struct weft_port *port, struct weft_error *err)
{
	json_t *json = json_loads(text, 0, NULL);
	int ret;

	assert_non_null(json);
	ret = weft_port_parse("red/vm1", json, port, err);
	json_decref(json);
	return ret;
}

static void
port_is_read_with_all_it_has(void **state)
{
	struct weft_port port;
	struct weft_error err;

	(void)state;
	assert_int_equal(
		parse("{\"network\": \"n\", \"mac\": \"52:54:00:00:00:01\", \"ips\": [\"10.0.0.1\", \"fd00::/64\"],"
		      "\"vlan\": {\"trunk\": [5, \"7-9\", \"11\"], \"native\": 5, \"tpid\": \"802.1ad\"},"
		      "\"attach\": {\"mode\": \"server\", \"path\": \"/tmp/x.sock\", \"queues\": 4},"
		      "\"flood\": {\"broadcast\": 0}, \"state\": \"down\", \"worker\": 3}",
			&port, &err),
		0);
	assert_true(port.mac == MAC_A);
	assert_int_equal(port.ips.n4, 1);
	assert_int_equal(port.ips.n6, 1);
	for (unsigned int vid = 1; vid < 20; vid++)
		assert_int_equal(
			weft_vlan_set_has(&port.vlan.trunk, vid), vid == 5 || (vid >= 7 && vid <= 9) || vid == 11);
	assert_int_equal(port.vlan.native, 5);
	assert_int_equal(port.attach.mode, 1);
	assert_int_equal(port.attach.queues, 4);
	assert_int_equal(port.flood.rate[WEFT_FLOOD_BROADCAST], 0);
	assert_int_equal(port.flood.rate[WEFT_FLOOD_UNKNOWN], 1000);
	assert_int_equal(port.state, WEFT_PORT_DOWN);
	assert_int_equal(port.worker, 3);
}

static void
what_does_not_fit_is_refused_by_name(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "{\"network\": \"n\", \"mac\": \"01:00:00:00:00:01\"}",
			"tenants.red.ports.vm1.mac: expected a unicast MAC" },
		{ "{\"network\": \"n\", \"ips\": [\"10.0.0.300\"]}", "tenants.red.ports.vm1.ips: expected a list" },
		{ "{\"network\": \"n\", \"vlan\": {\"access\": 4095}}",
			"tenants.red.ports.vm1.vlan.access: expected a number from 1 to 4094" },
		{ "{\"network\": \"n\", \"vlan\": {\"trunk\": [\"9-7\"]}}", "vlan.trunk: expected a list of VLANs" },
		{ "{\"network\": \"n\", \"vlan\": {\"trunk\": [\"1-5000\"]}}", "vlan.trunk: expected a list of VLANs" },
		{ "{\"network\": \"n\", \"vlan\": {\"trunk\": [1], \"access\": 2}}",
			"more than one of access, trunk and qinq" },
		{ "{\"network\": \"n\", \"vlan\": {\"native\": 2}}", "vlan.native: goes with trunk only" },
		{ "{\"mac\": \"52:54:00:00:00:01\"}", "tenants.red.ports.vm1.network: missing" },
		{ "{\"network\": \"n\", \"attach\": {\"type\": \"eth\"}}", "attach.device: missing" },
		{ "{\"network\": \"n\", \"attach\": {\"device\": \"x\"}}", "attach.device: goes with type eth only" },
		{ "{\"network\": \"n\", \"attach\": {\"path\": \"x.sock\"}}", "attach.path: must start with /" },
		{ "{\"network\": \"n\", \"attach\": {\"path\": "
		  "\"/0123456789012345678901234567890123456789012345678901234567890"
		  "123456789012345678901234567890123456789012345678901234567890\"}}",
			"a UNIX socket's path has at most 107" },
		{ "{\"network\": \"n\", \"attach\": {\"queues\": 9}}", "attach.queues: expected a number from 1 to 8" },
		{ "{\"attach\": {\"type\": \"eth\", \"device\": \"net_null0\"}, \"vlan\": {\"access\": 3}}",
			"an uplink has no VLANs" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct weft_error err = { "" };
		struct weft_port port;

		assert_int_equal(parse(bad[i].text, &port, &err), -EINVAL);
		if (strstr(err.text, bad[i].says) == NULL)
			print_error("%s says: %s\n", bad[i].text, err.text);
		assert_non_null(strstr(err.text, bad[i].says));
	}
}

static void
network_needs_its_vlan_with_encap_vlan_only(void **state)
{
	static const struct {
		const char *text;
		int ret;
	} samples[] = {
		{ "{}", 0 },
		{ "{\"encap\": \"vlan\", \"vlan\": 5}", 0 },
		{ "{\"encap\": \"vlan\"}", -EINVAL },
		{ "{\"vlan\": 5}", -EINVAL },
		{ "{\"mtu\": 100}", -EINVAL },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(samples); i++) {
		json_t *json = json_loads(samples[i].text, 0, NULL);
		struct weft_network network;
		struct weft_error err;

		assert_int_equal(weft_network_parse("red/n", json, &network, &err), samples[i].ret);
		json_decref(json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_is_read_with_all_it_has),
		cmocka_unit_test(what_does_not_fit_is_refused_by_name),
		cmocka_unit_test(network_needs_its_vlan_with_encap_vlan_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

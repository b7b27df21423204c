// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "fixture.h"
#include "control/base/schema.h"
#include "control/policy/kinds.h"

// The object of KEY from TEXT, or NULL.
static struct weft_object *
parse(const char *key, const char *text, struct weft_error *err)
{
	json_t *json = json_loads(text, 0, NULL);
	struct weft_object *object;

	assert_non_null(json);
	object = weft_object_new(key, json, err);
	json_decref(json);
	return object;
}

static void
port_is_read_with_all_it_has(void **state)
{
	const struct weft_port *port;
	struct weft_object *object;
	struct weft_error err;

	(void)state;
	object = parse("tenants/red/ports/vm1",
		"{\"network\": \"n\", \"mac\": \"52:54:00:00:00:01\", \"ips\": [\"10.0.0.1\", \"fd00::/64\"],"
		"\"vlan\": {\"trunk\": [5, \"7-9\", \"11\"], \"native\": 5, \"tpid\": \"802.1ad\"},"
		"\"attach\": {\"mode\": \"server\", \"path\": \"/tmp/x.sock\", \"queues\": 4},"
		"\"flood\": {\"broadcast\": 0}, \"state\": \"down\", \"worker\": 3, \"host\": \"h1\", \"groups\": "
		"[\"web\", \"db\"],"
		"\"plan\": \"gold\"}",
		&err);
	assert_non_null(object);
	assert_string_equal(object->path, "red/vm1");
	port = (const struct weft_port *)object;
	assert_true(port->mac == MAC_A);
	assert_int_equal(port->ips.n4, 1);
	assert_int_equal(port->ips.n6, 1);
	for (unsigned int vid = 1; vid < 20; vid++)
		assert_int_equal(
			weft_vlan_set_has(&port->vlan.trunk, vid), vid == 5 || (vid >= 7 && vid <= 9) || vid == 11);
	assert_int_equal(port->vlan.native, 5);
	assert_int_equal(port->attach.mode, 1);
	assert_int_equal(port->attach.queues, 4);
	assert_int_equal(port->flood.rate[WEFT_FLOOD_BROADCAST], 0);
	assert_int_equal(port->flood.rate[WEFT_FLOOD_UNKNOWN], 1000);
	assert_int_equal(port->state, WEFT_PORT_DOWN);
	assert_int_equal(port->worker, 3);
	assert_string_equal(port->host, "h1");
	assert_string_equal(port->plan, "gold");
	assert_int_equal(port->groups.n, 2);
	assert_string_equal(weft_name_at(&port->groups, 1), "db");
	weft_object_free(object);
}

// What does not fit, and what is said of it.
static const struct {
	const char *text, *says, *key;
} bad[] = {
	{ "{\"network\": \"n\", \"mac\": \"01:00:00:00:00:01\"}", "tenants.red.ports.vm1.mac: expected a unicast MAC" },
	{ "{\"network\": \"n\", \"ips\": [\"10.0.0.300\"]}", "tenants.red.ports.vm1.ips: expected a list" },
	{ "{\"network\": \"n\", \"vlan\": {\"access\": 4095}}",
		"tenants.red.ports.vm1.vlan.access: expected a number from 1 to 4094" },
	{ "{\"network\": \"n\", \"vlan\": {\"trunk\": [\"9-7\"]}}", "vlan.trunk: expected a list of VLANs" },
	{ "{\"network\": \"n\", \"vlan\": {\"trunk\": [\"1-5000\"]}}", "vlan.trunk: expected a list of VLANs" },
	{ "{\"network\": \"n\", \"vlan\": {\"trunk\": [1], \"access\": 2}}",
		"expected only one of access, trunk and qinq" },
	{ "{\"network\": \"n\", \"vlan\": {\"native\": 2}}", "vlan.native: applies to trunks only" },
	{ "{\"mac\": \"52:54:00:00:00:01\"}", "tenants.red.ports.vm1.network: missing" },
	{ "{\"network\": \"n\", \"attach\": {\"type\": \"eth\"}}", "attach.device: missing" },
	{ "{\"network\": \"n\", \"attach\": {\"device\": \"x\"}}", "attach.device: applies to type eth only" },
	{ "{\"network\": \"n\", \"attach\": {\"path\": \"x.sock\"}}", "attach.path: must start with /" },
	{ "{\"network\": \"n\", \"attach\": {\"path\": "
	  "\"/0123456789012345678901234567890123456789012345678901234567890"
	  "123456789012345678901234567890123456789012345678901234567890\"}}",
		"a UNIX socket's path has at most 107" },
	{ "{\"network\": \"n\", \"attach\": {\"queues\": 9}}", "attach.queues: expected a number from 1 to 8" },
	{ "{\"attach\": {\"type\": \"eth\", \"device\": \"net_null0\"}, \"vlan\": {\"access\": 3}}",
		"an uplink carries the VLANs of all networks and has none of its own" },
	{ "{\"network\": \"n\", \"groups\": [\"a\", \"a\"]}", "groups: names \"a\" twice" },
	{ "{\"network\": \"n\", \"groups\": \"a\"}", "groups: expected a list of at most 16 strings" },
	{ "{\"network\": \"n\", \"groups\": [1]}", "groups.0: expected a string" },
	{ "{\"rules\": [{\"direction\": \"in\"}]}", "tenants.red.groups.g.rules.0.action: missing",
		"tenants/red/groups/g" },
	{ "{\"rules\": [{\"direction\": \"in\", \"action\": \"allow\", \"ports\": [80]}]}",
		"rules.0.ports: needs protocol tcp, udp or sctp", "tenants/red/groups/g" },
	{ "{\"rules\": [{\"direction\": \"in\", \"action\": \"allow\", \"protocol\": \"tcp\", \"ports\": "
	  "[\"9-7\"]}]}",
		"rules.0.ports: expected a list of at most 16 ports", "tenants/red/groups/g" },
	{ "{\"rules\": [{\"direction\": \"in\", \"action\": \"allow\", \"remote\": {\"cidr\": "
	  "\"10.0.0.1/8\"}}]}",
		"rules.0.remote.cidr: expected a prefix", "tenants/red/groups/g" },
	{ "{\"rules\": [{\"direction\": \"in\", \"action\": \"allow\", \"remote\": {\"cidr\": \"10.0.0.0/8\", "
	  "\"group\": "
	  "\"g\"}}]}",
		"expected only one of group, network and cidr", "tenants/red/groups/g" },
	{ "{\"min_rate\": 10000, \"from_vm\": {\"rate\": 9000}}", "min_rate: 10000 is more than from_vm.rate",
		"tenants/red/plans/p" },
	{ "{\"from_vm\": {\"rate\": 10}}", "expected bits per second from 8000", "tenants/red/plans/p" },
	{ "{\"from_vm\": {\"rate\": \"10\"}}", "as a string with k, M, G or T", "tenants/red/plans/p" },
	{ "{\"from_vm\": {\"rate\": -1}}", "expected bits per second from 8000", "tenants/red/plans/p" },
	{ "{\"from_vm\": {\"rate\": \"99T\"}}", "to 10000000000000", "tenants/red/plans/p" },
	{ "{\"from_vm\": {\"rate\": \"10Mb\"}}", "as a string with k, M, G or T", "tenants/red/plans/p" },
	{ "{\"to_vm\": {\"rate\": \"nan k\"}}", "as a string with k, M, G or T", "tenants/red/plans/p" },
	{ "{\"to_vm\": {\"burst\": 100}}", "burst: expected a number from 576", "tenants/red/plans/p" },
	{ "{\"from_vm\": {\"rat\": 5}}", "tenants.red.plans.p.from_vm.rat: there is no such field",
		"tenants/red/plans/p" },
	{ "{\"on_isolation\": \"open\"}", "\"keep\" or \"deny-new\" or \"deny-all\"", "tenants/red/limits" },
	{ "{\"tunnel\": {\"address\": \"10.0.0.0/8\"}}", "address: expected a host's address", "hosts/h" },
	{ "{\"tunnel\": {\"address\": \"fd00::1::\"}}", "address: expected a host's address", "hosts/h" },
	{ "{\"tunnel\": {\"address\": \"fe80::1\"}}", "address: expected a host's address", "hosts/h" },
	{ "{\"tunnel\": {\"address\": \"224.0.0.5\"}}", "address: expected a host's address", "hosts/h" },
	{ "{\"tunnel\": {\"address\": \"10.0.0.1\", \"gateway\": \"fe80::1\"}}", "gateway: expected an IPv4 address",
		"hosts/h" },
	{ "{\"network\": \"n\", \"attach\": {\"type\": \"gateway\"}}", "attach.vlan: missing" },
	{ "{\"network\": \"n\", \"attach\": {\"vlan\": 5}}", "attach.vlan: applies to type gateway only" },
	{ "{\"network\": \"n\", \"mac\": \"52:54:00:00:00:01\", \"attach\": {\"type\": \"gateway\", \"vlan\": "
	  "5}}",
		"a gateway has no mac" },
	{ "{\"tunnel\": {\"address\": \"10.0.0.1/24\", \"gateway\": \"10.0.1.1\"}}",
		"hosts.h.tunnel.gateway: expected an address in the network of", "hosts/h" },
	{ "{\"encap\": \"geneve\"}", "tenants.red.networks.n.vni: applies to", "tenants/red/networks/n" },
	{ "{\"subnets\": [\"10.0.0.1/24\"]}", "networks.n.subnets.0: expected a prefix", "tenants/red/networks/n" },
	{ "{}", "is not the key of an object", "tenants/red/portz/n" },
	{ "{}", "is not the key of an object: a name has", "tenants/red/ports/a/b" },
	{ "{}", "is not the key of an object: a name has", "tenants/red/ports/" },
	{ "{}", "is not the key of an object", "ports/a" },
};

static void
what_does_not_fit_is_refused_by_name(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct weft_error err = { "" };

		assert_null(parse(bad[i].key ? bad[i].key : "tenants/red/ports/vm1", bad[i].text, &err));
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
		struct weft_error err;
		struct weft_object *object = parse("tenants/red/networks/n", samples[i].text, &err);

		assert_int_equal(object != NULL, samples[i].ret == 0);
		weft_object_free(object);
	}
}

// Every kind has a schema, which describes every field, and a default that the kind itself accepts.
static void
schemas_describe_what_is_parsed(void **state)
{
	(void)state;
	for (unsigned int i = 0; weft_kinds[i]; i++) {
		json_t *schema = weft_fields_schema(weft_kinds[i]->fields), *properties, *property;
		const char *name;
		unsigned int n = 0;

		properties = json_object_get(schema, "properties");
		json_object_foreach (properties, name, property) {
			assert_non_null(json_object_get(property, "description"));
			assert_true(json_object_get(property, "type") || json_object_get(property, "anyOf"));
			n++;
		}
		for (const struct weft_field *f = weft_kinds[i]->fields; f->name; f++, n--)
			assert_non_null(json_object_get(properties, f->name));
		assert_int_equal(n, 0);
		json_decref(schema);
	}
}

static void
rules_are_read_with_all_they_have(void **state)
{
	struct weft_error err = { "" };
	struct weft_object *object = parse("tenants/red/groups/g",
		"{\"rules\": [{\"direction\": \"in\", \"action\": \"reject\", \"protocol\": \"tcp\", \"ports\": [80, "
		"\"8000-8099\"], \"remote\": {\"group\": \"g\"}, \"priority\": 5}, {\"direction\": \"out\", "
		"\"action\": "
		"\"deny\", \"protocol\": \"icmp\", \"icmp\": {\"type\": 0}}]}",
		&err);
	const struct weft_group *group = (const struct weft_group *)object;
	const struct weft_rule *rules;

	(void)state;
	assert_non_null(group);
	rules = group->rules.items;
	assert_int_equal(group->rules.n, 2);
	assert_int_equal(rules[0].protocol, 6);
	assert_int_equal(rules[0].ports.n, 2);
	assert_int_equal(rules[0].ports.range[1].high, 8099);
	assert_int_equal(rules[0].action, WEFT_REJECT);
	assert_int_equal(rules[0].icmp.type, -1);
	assert_int_equal(rules[1].icmp.type, 0);
	assert_int_equal(rules[1].icmp.code, -1);
	assert_int_equal(group->default_in, WEFT_DENY);
	assert_int_equal(group->default_out, WEFT_ALLOW);
	weft_object_free(object);
}

// Objects that older releases stored say whose ring code a port uses: there is only one now.
static void
retired_rings_are_dropped_and_not_asked_for_again(void **state)
{
	static const char *const texts[] = {
		"{\"network\": \"n\", \"attach\": {\"rings\": \"own\"}}",
		"{\"network\": \"n\", \"attach\": {\"rings\": \"library\"}}",
		"{\"network\": \"n\", \"attach\": {\"rings\": \"both\"}}",
	};
	struct weft_error err = { "" };

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(texts); i++) {
		struct weft_object *object = parse("tenants/red/ports/vm1", texts[i], &err);
		json_t *json = json_loads(texts[i], 0, NULL);

		assert_int_equal(object != NULL, i < 2);
		if (object)
			assert_null(strstr(object->text, "rings"));
		assert_int_equal(weft_port_check_new("tenants/red/ports/vm1", json, &err), i == 1 ? -EINVAL : 0);
		if (i == 1)
			assert_non_null(strstr(err.text, "attach.rings: DPDK's ring code (library) is gone"));
		if (i == 2)
			assert_non_null(strstr(err.text, "attach.rings: there is no such field"));
		weft_object_free(object);
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
		cmocka_unit_test(rules_are_read_with_all_they_have),
		cmocka_unit_test(retired_rings_are_dropped_and_not_asked_for_again),
		cmocka_unit_test(schemas_describe_what_is_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Who enforces a policy for a VF: every field of every object has an answer, and what drivers can makes it differ.
#include <stdlib.h>

#include "fixture.h"
#include "policy.h"
#include "control/vf/projection.h"

// All that a policy can say about a port with a VF.
static const char whole[] =
	"{\"tenants\": {\"t\": {"
	"\"networks\": {\"n\": {\"encap\": \"vlan\", \"vlan\": 100, \"firewall\": true, \"subnets\": "
	"[\"10.0.0.0/24\"]}},"
	"\"groups\": {\"g\": {\"rules\": [{\"direction\": \"in\", \"action\": \"allow\"}]}},"
	"\"rules\": {\"rules\": [{\"direction\": \"in\", \"action\": \"deny\"}]},"
	"\"plans\": {\"p\": {\"from_vm\": {\"rate\": \"3500k\", \"burst\": 9000, \"pps\": 9}, \"to_vm\": {\"rate\": "
	"\"1M\", "
	"\"burst\": 9000, \"pps\": 9}, \"min_rate\": \"1500k\", \"weight\": 7, \"dscp\": 9}},"
	"\"limits\": {\"ports\": 9, \"sessions\": 9, \"half_open_sessions\": 9, \"fragmented\": 9, "
	"\"new_sessions_per_second\": 9, \"rate\": \"1G\", \"on_isolation\": \"deny-new\"},"
	"\"ports\": {\"v\": {\"vm\": \"x\", \"host\": \"h\", \"network\": \"n\", \"mac\": \"52:54:00:00:00:11\", "
	"\"ips\": [\"10.0.0.1\"], \"groups\": [\"g\"], \"plan\": \"p\", \"vlan\": {\"trunk\": [5], \"native\": 6, "
	"\"tpid\": "
	"\"802.1ad\"}, \"flood\": {\"broadcast\": 1, \"multicast\": 1, \"unknown\": 1, \"arp\": 1}, \"state\": "
	"\"down\", "
	"\"worker\": 0, \"attach\": {\"type\": \"vf\", \"pf\": \"eth0\", \"index\": 3, \"use\": \"passthrough\"}}}}},"
	"\"provider-rules\": {\"r\": {\"rules\": [{\"direction\": \"in\", \"action\": \"deny\"}]}},"
	"\"hosts\": {\"h\": {\"tunnel\": {\"address\": \"192.0.2.1/24\"}, \"deny\": [\"203.0.113.0/24\"]}}}";

static struct weft_pci_function pf = {
	.address = "0000:03:00.0", .interface = "eth0", .driver = "ice", .speed = 10000, .mtu = 1500
};

static struct weft_projection
project(const char *policy, const char *driver)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(policy, &err);
	struct weft_projection projection;

	if (model == NULL)
		print_error("%s\n", err.text);
	assert_non_null(model);
	snprintf(pf.driver, sizeof(pf.driver), "%s", driver);
	assert_int_equal(weft_project(model, weft_model_port(model, "t/v"), &pf, &projection, &err), 0);
	weft_model_free(model);
	return projection;
}

// The row of FIELD of an object whose key has WHAT in it.
static const json_t *
row_of(const struct weft_projection *projection, const char *what, const char *field)
{
	size_t i;
	json_t *row;

	json_array_foreach (projection->rows, i, row)
		if (strstr(json_string_value(json_object_get(row, "object")), what) &&
			strcmp(json_string_value(json_object_get(row, "field")), field) == 0)
			return row;
	return NULL;
}

static const char *
by_of(const struct weft_projection *projection, const char *what, const char *field)
{
	const json_t *row = row_of(projection, what, field);

	assert_non_null(row);
	return json_string_value(json_object_get(row, "by"));
}

static void
check_fields(const struct weft_projection *projection, const struct weft_kind *kind, const struct weft_field *fields,
	const char *above)
{
	char what[64], name[128];

	snprintf(what, sizeof(what), "%s%s", kind->plural, kind->single ? "" : "/");
	for (; fields->name; fields++) {
		snprintf(name, sizeof(name), "%s%s%s", above, above[0] ? "." : "", fields->name);
		if (fields->type == WEFT_FIELD_OBJECT) {
			check_fields(projection, kind, fields->fields, name);
			continue;
		}
		if (row_of(projection, what, name) == NULL)
			print_error("%s%s has no answer\n", what, name);
		assert_non_null(row_of(projection, what, name));
	}
}

static void
every_field_of_every_object_has_an_answer(void **state)
{
	struct weft_projection projection = project(whole, "ice");
	size_t i;
	json_t *row;

	(void)state;
	for (unsigned int k = 0; weft_kinds[k]; k++)
		// Addresses of ports that are gone concern no port that is there.
		if (weft_kinds[k] != &weft_kind_retired)
			check_fields(&projection, weft_kinds[k], weft_kinds[k]->fields, "");
	json_array_foreach (projection.rows, i, row) {
		const char *how = json_string_value(json_object_get(row, "how"));

		assert_true(how[0] != 0);
		if (strcmp(how, "weft does not know how") == 0)
			print_error(
				"%s: %s has no verdict: give its description .vf, or its judge back to control/vf/verdict.c\n",
				json_string_value(json_object_get(row, "object")),
				json_string_value(json_object_get(row, "field")));
		assert_string_not_equal(how, "weft does not know how");
	}
	json_decref(projection.rows);
}

static void
what_no_hardware_does_is_nobodys(void **state)
{
	static const char *const fields[][2] = { { "/ports/", "ips" }, { "/ports/", "groups" },
		{ "/ports/", "vlan.trunk" }, { "/ports/", "vlan.native" }, { "/ports/", "vlan.tpid" },
		{ "/ports/", "flood.broadcast" }, { "/ports/", "flood.multicast" }, { "/ports/", "flood.unknown" },
		{ "/ports/", "flood.arp" }, { "/networks/", "firewall" }, { "/groups/", "rules" },
		{ "tenants/t/rules", "rules" }, { "provider-rules/", "rules" }, { "/plans/", "from_vm.burst" },
		{ "/plans/", "from_vm.pps" }, { "/plans/", "to_vm.rate" }, { "/plans/", "to_vm.pps" },
		{ "/plans/", "weight" }, { "/plans/", "dscp" }, { "/limits", "rate" }, { "/limits", "on_isolation" } };
	struct weft_projection projection = project(whole, "mlx5_core");

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(fields); i++)
		assert_string_equal(by_of(&projection, fields[i][0], fields[i][1]), "nobody");
	json_decref(projection.rows);
}

static void
what_the_driver_can_is_told_the_pf(void **state)
{
	struct weft_projection ice = project(whole, "ice"), igb = project(whole, "igb"), other = project(whole, "new");
	char missing[2048];

	(void)state;
	assert_int_equal(ice.want.index, 3);
	assert_int_equal(ice.want.mac, 0x525400000011);
	assert_int_equal(ice.want.vlan, 100);
	assert_true(ice.want.spoof_check && !ice.want.trust);
	// Not more than it may have, not less than it was promised.
	assert_int_equal(ice.want.max_rate, 3);
	assert_int_equal(ice.want.min_rate, 2);
	assert_int_equal(ice.want.link, WEFT_VF_LINK_OFF);
	assert_int_equal(ice.mask, (1 << WEFT_VF_N_ATTRS) - 1);
	assert_string_equal(by_of(&ice, "/ports/", "state"), "hardware");
	assert_string_equal(by_of(&ice, "/plans/", "min_rate"), "hardware");
	assert_string_equal(by_of(&igb, "/ports/", "state"), "nobody");
	assert_string_equal(by_of(&igb, "/plans/", "min_rate"), "nobody");
	assert_string_equal(by_of(&igb, "/plans/", "from_vm.rate"), "hardware");
	assert_int_equal(igb.want.min_rate, 0);
	assert_false(igb.mask & 1 << WEFT_VF_LINK);
	assert_int_equal(igb.n_missing, ice.n_missing + 2);
	// What a driver of which nothing is known takes is believed; what it does not take it refuses.
	assert_int_equal(other.n_missing, ice.n_missing);
	assert_int_equal(other.mask, ice.mask);
	weft_projection_missing(&ice, missing, sizeof(missing));
	assert_non_null(strstr(missing, "v.ips (the hardware's spoof check does not look at IP addresses); "));
	assert_non_null(strstr(missing, "n.firewall (the hardware has no stateful firewall)"));
	weft_projection_missing(&ice, missing, 40);
	assert_true(strlen(missing) < 40);
	json_decref(ice.rows);
	json_decref(igb.rows);
	json_decref(other.rows);
}

#define BARE(network, attach)                                                                                          \
	"{\"tenants\": {\"t\": {\"networks\": {\"n\": {\"firewall\": false, " network "}}, \"ports\": {\"v\": {"       \
	"\"network\": \"n\", \"mac\": \"52:54:00:00:00:11\", \"attach\": {\"type\": \"vf\", \"pf\": \"eth0\", "        \
	"\"index\": 0" attach "}}}}}}"

static void
a_bare_policy_is_enforced_whole(void **state)
{
	struct weft_projection projection =
		project(BARE("\"encap\": \"vlan\", \"vlan\": 7", ", \"use\": \"passthrough\""), "igb");

	(void)state;
	assert_int_equal(projection.n_missing, 0);
	assert_int_equal(projection.want.max_rate, 0);
	json_decref(projection.rows);
}

static void
a_vf_that_weft_polls_is_enforced_by_weft(void **state)
{
	struct weft_projection one = project(BARE("\"encap\": \"vxlan\", \"vni\": 7", ""), "igb");
	struct weft_projection again = project(BARE("\"encap\": \"vxlan\", \"vni\": 7", ""), "igb");

	(void)state;
	assert_int_equal(one.n_missing, 0);
	assert_string_equal(by_of(&one, "/networks/", "vni"), "software");
	// It carries what is others', and its own MAC is always the same.
	assert_true(one.want.trust && !one.want.spoof_check);
	assert_int_equal(one.want.vlan, 0);
	assert_int_equal(one.want.mac >> 40, 0x02);
	assert_int_equal(one.want.mac, again.want.mac);
	json_decref(one.rows);
	json_decref(again.rows);
}

static void
a_network_in_tunnels_is_no_place_for_one_that_is_passed_through(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model =
		policy_model(BARE("\"encap\": \"vxlan\", \"vni\": 7", ", \"use\": \"passthrough\""), &err);
	struct weft_projection projection;

	(void)state;
	assert_int_equal(weft_project(model, weft_model_port(model, "t/v"), &pf, &projection, &err), -EINVAL);
	assert_non_null(strstr(err.text, "its network t/n is not a VLAN network"));
	weft_model_free(model);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_every_object_has_an_answer),
		cmocka_unit_test(what_no_hardware_does_is_nobodys),
		cmocka_unit_test(what_the_driver_can_is_told_the_pf),
		cmocka_unit_test(a_bare_policy_is_enforced_whole),
		cmocka_unit_test(a_vf_that_weft_polls_is_enforced_by_weft),
		cmocka_unit_test(a_network_in_tunnels_is_no_place_for_one_that_is_passed_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

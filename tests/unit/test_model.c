// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <stdlib.h>

#include "fixture.h"
#include "policy.h"

#define NET		 "\"networks\": {\"n\": {}}"
#define PORT(name, more) "\"" name "\": {\"network\": \"n\"" more "}"
#define TREE(ports)	 "{\"tenants\": {\"red\": {" NET ", \"ports\": {" ports "}}}}"
#define PORTS(ports)	 "{\"tenants\": {\"red\": {\"ports\": {" ports "}}}}"
#define MAC1		 ", \"mac\": \"52:54:00:00:00:01\""
#define MAC2		 ", \"mac\": \"52:54:00:00:00:02\""

static void
objects_are_added_replaced_and_removed(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(TREE(PORT("a", ", \"vm\": \"x\"")), &err);

	(void)state;
	assert_int_equal(policy_apply(model, PORTS(PORT("a", "") ", " PORT("b", "")), &err), 0);
	assert_int_equal(weft_model_count(model, &weft_kind_port), 2);
	assert_string_equal(weft_model_port(model, "red/a")->vm, "");
	assert_string_equal(weft_model_port_network(model, weft_model_port(model, "red/b"))->o.path, "red/n");
	assert_int_equal(policy_apply(model, PORTS("\"a\": null, \"none\": null"), &err), 0);
	assert_int_equal(weft_model_count(model, &weft_kind_port), 1);
	assert_null(weft_model_port(model, "red/a"));
	weft_model_free(model);
}

static void
contradictions_are_refused_by_name(void **state)
{
	static const struct {
		const char *bundle, *says;
	} bad[] = {
		{ "{\"tenants\": {\"red\": {\"ports\": {" PORT("a", "") "}}}}",
			"port red/a: its tenant has no network \"n\"" },
		{ "{\"tenant\": {}}", "tenant: there is no such field; known are tenants, hosts" },
		{ "{\"tenants\": []}", "tenants: expected an object" },
		{ "{\"tenants\": {\"red\": {\"port\": {}}}}", "tenants.red.port: there is no such kind" },
		{ "{\"tenants\": {\"r/d\": {}}}", "is not a name" },
		{ "{\"tenants\": {\"red\": {\"ports\": {\"a b\": {}}}}}", "is not a name" },
		{ "{\"tenants\": {\"red\": {\"ports\": {\"a\": []}}}}", "tenants.red.ports.a: expected an object" },
		{ TREE(PORT("a", ", \"mac\": \"52:54:00:00:00:01\"") ", " PORT(
			  "b", ", \"mac\": \"52:54:00:00:00:01\"")),
			"MAC 52:54:00:00:00:01 in network red/n is already used by red/a" },
		{ TREE(PORT("a", ", \"attach\": {\"path\": \"/x\"}") ", " PORT(
			  "b", ", \"attach\": {\"path\": \"/x\"}")),
			"socket /x is already used by red/a" },
		{ TREE(PORT("a", ", \"attach\": {\"type\": \"eth\", \"device\": \"net_tap0,iface=a\"}") ", " PORT(
			  "b", ", \"attach\": {\"type\": \"eth\", \"device\": \"net_tap0,iface=b\"}")),
			"device net_tap0 is already used by red/a" },
		{ "{\"tenants\": {\"red\": {\"networks\": {\"a\": {\"encap\": \"vlan\", \"vlan\": 5}, \"b\": "
		  "{\"encap\": \"vlan\", \"vlan\": 5}}}}}",
			"VLAN 5 is already used by red/a" },
		{ "{\"tenants\": {\"red\": {\"networks\": {\"a\": {\"encap\": \"vxlan\", \"vni\": 5}, \"b\": "
		  "{\"encap\": \"geneve\", \"vni\": 5}}}}}",
			"VNI 5 is already used by red/a" },
		{ TREE(PORT("a", ", \"groups\": [\"web\"]")), "port red/a: its tenant has no group \"web\"" },
		{ TREE(PORT("a", ", \"plan\": \"gold\"")), "port red/a: its tenant has no plan \"gold\"" },
		{ "{\"tenants\": {\"red\": {\"groups\": {\"g\": {\"rules\": [{\"direction\": \"in\", \"action\": "
		  "\"allow\", "
		  "\"remote\": {\"group\": \"h\"}}]}}}}}",
			"group red/g: its tenant has no group \"h\"" },
		{ "{\"tenants\": {\"red\": {\"limits\": {\"ports\": 1}, " NET
		  ", \"ports\": {" PORT("a", "") ", " PORT("b", "") "}}}}",
			"tenant red would have 2 ports, and its limit is 1" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct weft_error err = { "" };

		assert_null(policy_model(bad[i].bundle, &err));
		if (strstr(err.text, bad[i].says) == NULL)
			print_error("%s says: %s\n", bad[i].bundle, err.text);
		assert_non_null(strstr(err.text, bad[i].says));
	}
}

static void
same_mac_in_two_networks_is_fine(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model =
		policy_model("{\"tenants\": {\"red\": {\"networks\": {\"n\": {}, \"m\": {}}, \"ports\": {" PORT(
				     "a", MAC1) ", "
						"\"b\": {\"network\": \"m\"" MAC1 "}}}}}",
			&err);

	(void)state;
	assert_non_null(model);
	weft_model_free(model);
}

static json_t *
claims_json(const struct weft_claim *claims)
{
	json_t *all = json_object();

	for (const struct weft_claim *c = claims; c; c = c->hh.next)
		json_object_set_new(all, c->what, json_integer((json_int_t)c->object->serial));
	return all;
}

// Everything that the model knows, as text: to see that a refusal left nothing behind.
static char *
fingerprint(const struct weft_model *model)
{
	json_t *users = json_object(), *tenants = json_object(), *all;
	char *text;

	for (const struct weft_target *target = model->targets; target; target = target->hh.next) {
		json_t *of = json_object();

		for (const struct weft_user *user = target->users; user; user = user->hh.next)
			json_object_set_new(of, user->object->key, json_integer((json_int_t)user->object->serial));
		json_object_set_new(users, target->key, of);
	}
	for (const struct weft_tenant *tenant = model->tenants; tenant; tenant = tenant->hh.next)
		json_object_set_new(tenants, tenant->name, json_integer(tenant->n_ports));
	all = json_pack("{s:o, s:o, s:o, s:o, s:o}", "objects", weft_model_bundle(model), "users", users, "unique",
		claims_json(model->unique), "barred", claims_json(model->barred), "tenants", tenants);
	text = json_dumps(all, JSON_SORT_KEYS);

	json_decref(all);
	return text;
}

static void
refused_change_leaves_nothing_behind(void **state)
{
	static const char *const bad[] = {
		PORTS(PORT("c", "") ", " PORT("d", MAC1)),		      // a's MAC
		PORTS("\"a\": null, " PORT("c", ", \"groups\": [\"none\"]")), // no such group
		"{\"tenants\": {\"red\": {\"networks\": {\"n\": null}}}}",    // still used
		"{\"tenants\": {\"red\": {\"groups\": {\"g\": null}}}}",      // still used, by a port and a group
		PORTS(PORT("b", MAC1) ", " PORT("e", ", \"worker\": -1")),    // no number
	};
	struct weft_error err = { "" };
	struct weft_model *model =
		policy_model("{\"tenants\": {\"red\": {" NET
			     ", \"groups\": {\"g\": {\"rules\": [{\"direction\": \"in\", \"action\": "
			     "\"allow\", \"remote\": {\"group\": \"g\"}}]}}, \"ports\": {" PORT("a", MAC1) ", " PORT(
				     "b", MAC2 ", \"groups\": [\"g\"]") "}}}}",
			&err);
	char *before, *after;

	(void)state;
	assert_non_null(model);
	before = fingerprint(model);
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		err.text[0] = 0;
		assert_true(policy_apply(model, bad[i], &err) < 0);
		assert_true(err.text[0]);
		after = fingerprint(model);
		assert_string_equal(before, after);
		free(after);
	}
	free(before);
	weft_model_free(model);
}

static void
two_ports_may_exchange_what_only_one_may_have(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(TREE(PORT("a", MAC1) ", " PORT("b", MAC2)), &err);

	(void)state;
	assert_int_equal(policy_apply(model, PORTS(PORT("a", MAC2) ", " PORT("b", MAC1)), &err), 0);
	assert_true(weft_model_port(model, "red/a")->mac == MAC_B);
	weft_model_free(model);
}

static void
change_can_be_taken_back(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(TREE(PORT("a", MAC1) ", " PORT("b", MAC2)), &err);
	json_t *bundle = json_loads(PORTS("\"a\": null, " PORT("b", MAC1) ", " PORT("c", MAC2)), 0, NULL);
	json_t *changes = weft_bundle_changes(bundle, &err), *inverse;
	struct weft_changeset set;
	char *before = fingerprint(model), *after;

	(void)state;
	assert_int_equal(weft_model_change(model, changes, 0, &set, &err), 0);
	assert_int_equal(set.n, 3);
	weft_model_revert(model, &set);
	after = fingerprint(model);
	assert_string_equal(before, after);
	free(after);
	// And undone, when it was accepted.
	assert_int_equal(weft_model_change(model, changes, 0, &set, &err), 0);
	inverse = weft_changeset_inverse(&set);
	weft_changeset_accept(&set);
	assert_int_equal(weft_model_change(model, inverse, 0, &set, &err), 0);
	weft_changeset_accept(&set);
	json_decref(inverse);
	json_decref(changes);
	json_decref(bundle);
	assert_true(weft_model_port(model, "red/a")->mac == MAC_A);
	assert_null(weft_model_port(model, "red/c"));
	free(before);
	weft_model_free(model);
}

static void
retired_until(char *text, size_t size, unsigned int until)
{
	snprintf(text, size,
		"{\"tenants\": {\"red\": {\"retired\": {\"a\": {\"network\": \"n\"" MAC1
		", \"ips\": [\"10.0.0.1\"], \"until\": %u}}}}}",
		until);
}

static void
addresses_of_retired_ports_are_barred_for_a_time(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(TREE(PORT("a", MAC1)), &err);
	char text[256];

	(void)state;
	retired_until(text, sizeof(text), 1001); // the tests' clock stands at 1000
	assert_int_equal(policy_apply(model, text, &err), 0);
	assert_int_equal(policy_apply(model, PORTS("\"a\": null"), &err), 0);
	assert_int_equal(policy_apply(model, PORTS(PORT("b", MAC1)), &err), -EBUSY);
	assert_non_null(
		strstr(err.text, "belonged to the retired port red/a, and no other port may have it for another 1 s"));
	assert_int_equal(policy_apply(model, PORTS(PORT("b", ", \"ips\": [\"10.0.0.1\"]")), &err), -EBUSY);
	assert_int_equal(policy_apply(model, PORTS(PORT("a", MAC1)), &err), 0);
	assert_int_equal(policy_apply(model, PORTS("\"a\": null"), &err), 0);
	retired_until(text, sizeof(text), 1000);
	assert_int_equal(policy_apply(model, text, &err), 0);
	assert_int_equal(policy_apply(model, PORTS(PORT("b", MAC1)), &err), 0);
	weft_model_free(model);
}

static void
bundle_is_complete_and_reads_back_the_same(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(TREE(PORT("a", "")), &err), *again;
	json_t *bundle = weft_model_bundle(model);
	char *text = json_dumps(bundle, JSON_SORT_KEYS), *text_again;

	(void)state;
	assert_non_null(strstr(text, "\"mtu\": 1500"));
	again = policy_model(text, &err);
	assert_non_null(again);
	json_decref(bundle);
	bundle = weft_model_bundle(again);
	text_again = json_dumps(bundle, JSON_SORT_KEYS);
	assert_string_equal(text, text_again);
	json_decref(bundle);
	free(text);
	free(text_again);
	weft_model_free(model);
	weft_model_free(again);
}

// What a bundle does not name goes, in the tenants that it names.
static void
pruning_removes_what_is_not_in_the_bundle(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(TREE(PORT("a", "") ", " PORT("b", "")), &err);
	json_t *bundle = json_loads(TREE(PORT("b", "")), 0, NULL), *changes = weft_bundle_changes(bundle, &err);

	(void)state;
	assert_int_equal(policy_apply(model, "{\"tenants\": {\"blue\": {" NET "}}}", &err), 0);
	weft_bundle_prune(changes, bundle, model);
	assert_true(json_is_null(json_object_get(changes, "tenants/red/ports/a")));
	assert_null(json_object_get(changes, "tenants/blue/networks/n"));
	assert_int_equal(json_object_size(changes), 3);
	json_decref(changes);
	json_decref(bundle);
	weft_model_free(model);
}

static void
names_are_checked(void **state)
{
	(void)state;
	assert_true(weft_name_valid("vm-1.a_B"));
	assert_false(weft_name_valid(""));
	assert_false(weft_name_valid("-a"));
	assert_false(weft_name_valid("a/b"));
	assert_false(weft_name_valid("0123456789012345678901234567890123456789012345678901234567890123"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_added_replaced_and_removed),
		cmocka_unit_test(contradictions_are_refused_by_name),
		cmocka_unit_test(same_mac_in_two_networks_is_fine),
		cmocka_unit_test(refused_change_leaves_nothing_behind),
		cmocka_unit_test(two_ports_may_exchange_what_only_one_may_have),
		cmocka_unit_test(change_can_be_taken_back),
		cmocka_unit_test(addresses_of_retired_ports_are_barred_for_a_time),
		cmocka_unit_test(bundle_is_complete_and_reads_back_the_same),
		cmocka_unit_test(pruning_removes_what_is_not_in_the_bundle),
		cmocka_unit_test(names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

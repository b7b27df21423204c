// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <stdlib.h>

#include "fixture.h"
#include "model.h"

static struct weft_model *
model_of(const char *before, const char *bundle, struct weft_error *err)
{
	json_t *from = before ? json_loads(before, 0, NULL) : NULL, *json = json_loads(bundle, 0, NULL);
	json_t *tree;

	assert_non_null(json);
	tree = weft_model_merge(from, json, err);
	json_decref(from);
	json_decref(json);
	return tree ? weft_model_new(tree, "/run/weft/vhost", err) : NULL;
}

#define NET		 "\"networks\": {\"n\": {}}"
#define PORT(name, more) "\"" name "\": {\"network\": \"n\"" more "}"
#define TREE(ports)	 "{\"tenants\": {\"red\": {" NET ", \"ports\": {" ports "}}}}"

static void
objects_are_added_replaced_and_removed(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model;

	(void)state;
	model = model_of(TREE(PORT("a", ", \"vm\": \"x\"")),
		"{\"tenants\": {\"red\": {\"ports\": {" PORT("a", "") ", " PORT("b", "") "}}}}", &err);
	assert_non_null(model);
	assert_int_equal(model->n_ports, 2);
	assert_string_equal(weft_model_port(model, "red/a")->vm, "");
	assert_string_equal(weft_model_port_network(model, weft_model_port(model, "red/b"))->path, "red/n");
	weft_model_free(model);
	model = model_of(
		TREE(PORT("a", "")), "{\"tenants\": {\"red\": {\"ports\": {\"a\": null, \"none\": null}}}}", &err);
	assert_non_null(model);
	assert_int_equal(model->n_ports, 0);
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
		{ "{\"tenant\": {}}", "tenant: there is no such field; known is tenants" },
		{ "{\"tenants\": []}", "tenants: expected an object" },
		{ "{\"tenants\": {\"red\": {\"port\": {}}}}", "tenants.red.port: there is no such kind" },
		{ "{\"tenants\": {\"r/d\": {}}}", "is no name" },
		{ "{\"tenants\": {\"red\": {\"ports\": {\"a b\": {}}}}}", "is no name" },
		{ "{\"tenants\": {\"red\": {\"ports\": {\"a\": []}}}}", "tenants.red.ports.a: expected an object" },
		{ TREE(PORT("a", ", \"mac\": \"52:54:00:00:00:01\"") ", " PORT(
			  "b", ", \"mac\": \"52:54:00:00:00:01\"")),
			"MAC 52:54:00:00:00:01 in network red/n is already red/a's" },
		{ TREE(PORT("a", ", \"attach\": {\"path\": \"/x\"}") ", " PORT(
			  "b", ", \"attach\": {\"path\": \"/x\"}")),
			"socket /x is already red/a's" },
		{ TREE(PORT("a", ", \"attach\": {\"type\": \"eth\", \"device\": \"net_tap0,iface=a\"}") ", " PORT(
			  "b", ", \"attach\": {\"type\": \"eth\", \"device\": \"net_tap0,iface=b\"}")),
			"device net_tap0 is already red/a's" },
		{ "{\"tenants\": {\"red\": {\"networks\": {\"a\": {\"encap\": \"vlan\", \"vlan\": 5}, \"b\": "
		  "{\"encap\": \"vlan\", \"vlan\": 5}}}}}",
			"VLAN 5 is already red/a's" },
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(bad); i++) {
		struct weft_error err = { "" };

		assert_null(model_of(NULL, bad[i].bundle, &err));
		if (strstr(err.text, bad[i].says) == NULL)
			print_error("%s says: %s\n", bad[i].bundle, err.text);
		assert_non_null(strstr(err.text, bad[i].says));
	}
}

static void
same_mac_in_two_networks_is_fine(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = model_of(NULL,
		"{\"tenants\": {\"red\": {\"networks\": {\"n\": {}, \"m\": {}}, \"ports\": {"
		"\"a\": {\"network\": \"n\", \"mac\": \"52:54:00:00:00:01\"}, \"b\": {\"network\": \"m\", \"mac\": "
		"\"52:54:00:00:00:01\"}}}}}",
		&err);

	(void)state;
	assert_non_null(model);
	weft_model_free(model);
}

static void
tree_is_complete_and_reads_back_the_same(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = model_of(NULL, TREE(PORT("a", "")), &err), *again;
	char *text = json_dumps(model->tree, JSON_SORT_KEYS), *text_again;

	(void)state;
	assert_non_null(strstr(text, "\"mtu\": 1500"));
	again = model_of(NULL, text, &err);
	assert_non_null(again);
	text_again = json_dumps(again->tree, JSON_SORT_KEYS);
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	weft_model_free(model);
	weft_model_free(again);
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
		cmocka_unit_test(tree_is_complete_and_reads_back_the_same),
		cmocka_unit_test(names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/compile/build.h"
#include "compile_setup.h"
#include "policy.h"
#include "control/compile/rulebook.h"

#define N_PORTS 60

// Makes TEXT part of MODEL, and its ports part of the address map.
static struct weft_snapshot *
change(struct weft_model *model, const char *text, struct weft_snapshot *base, uint64_t version)
{
	json_t *bundle = json_loads(text, 0, NULL), *changes;
	struct weft_error err = { "" };
	struct weft_changeset set;
	struct weft_build *build = weft_build_begin(base, &placement, version, 1000000);
	struct weft_snapshot *snap;

	assert_non_null(bundle);
	changes = weft_bundle_changes(bundle, &err);
	assert_non_null(changes);
	assert_int_equal(weft_model_change(model, changes, 1000, &set, &err), 0);
	for (unsigned int i = 0; i < set.n; i++) {
		const struct weft_object *object = set.change[i].new ? set.change[i].new : set.change[i].old;

		if (object->kind == &weft_kind_port)
			assert_int_equal(weft_build_member(build, model, (const struct weft_port *)set.change[i].old,
						 (const struct weft_port *)set.change[i].new, &err),
				0);
	}
	snap = weft_build_finish(build, version);
	weft_snapshot_free(base);
	weft_changeset_accept(&set);
	json_decref(changes);
	json_decref(bundle);
	return snap;
}

static const struct weft_identity *
look_up(const struct weft_snapshot *snap, const char *network, const char *address)
{
	bool v6 = strchr(address, ':') != NULL;
	char key[WEFT_KEY_SIZE];
	uint8_t addr[16];

	snprintf(key, sizeof(key), "tenants/t/networks/%s", network);
	assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, address, addr), 1);
	return weft_addrmap_lookup(&snap->addrs, weft_rulebook_number(key), v6, addr);
}

#define START                                                                                                                     \
	"{\"tenants\": {\"t\": {\"networks\": {\"n\": {}, \"m\": {}}, \"groups\": {\"a\": {}, \"b\": {}, \"c\": {}}, \"ports\": " \
	"{%s}}}}"

static void
longest_prefix_says_whose_it_is(void **state)
{
	struct weft_model *model = weft_model_new("/run");
	struct weft_snapshot *snap;
	char text[2000];

	(void)state;
	snprintf(text, sizeof(text), START,
		"\"p\": {\"network\": \"n\", \"groups\": [\"a\", \"b\"], \"ips\": [\"10.0.0.0/24\", \"fd00::/16\"]}, "
		"\"q\": {\"network\": \"n\", \"groups\": [\"b\"], \"ips\": [\"10.0.0.9\", \"fd00::9\"]}, "
		"\"r\": {\"network\": \"n\", \"ips\": [\"10.0.0.10\"]}");
	snap = change(model, text, NULL, 5);
	assert_int_equal(look_up(snap, "n", "10.0.0.1")->n, 2);
	assert_int_equal(look_up(snap, "n", "10.0.0.9")->n, 1);
	assert_int_equal(look_up(snap, "n", "fd00::9")->n, 1);
	assert_int_equal(look_up(snap, "n", "fd00::8")->n, 2);
	// It is in no group, and not in those of the prefix around it.
	assert_int_equal(look_up(snap, "n", "10.0.0.10")->n, 0);
	assert_null(look_up(snap, "n", "10.0.1.1"));
	assert_null(look_up(snap, "m", "10.0.0.1"));
	snap = change(model, "{\"tenants\": {\"t\": {\"ports\": {\"q\": null}}}}", snap, 6);
	assert_int_equal(look_up(snap, "n", "10.0.0.9")->n, 2);
	weft_snapshot_free(snap);
	weft_model_free(model);
}

static void
shared_address_stays_with_who_is_left(void **state)
{
	struct weft_model *model = weft_model_new("/run");
	struct weft_snapshot *snap;
	char text[2000];

	(void)state;
	snprintf(text, sizeof(text), START,
		"\"p\": {\"network\": \"n\", \"groups\": [\"a\", \"b\"], \"ips\": [\"10.0.0.1\", \"10.0.0.100\"]}, "
		"\"q\": {\"network\": \"n\", \"groups\": [\"b\"], \"ips\": [\"10.0.0.2\", \"10.0.0.100\"]}");
	snap = change(model, text, NULL, 5);
	// It is in the groups of both, whoever came last.
	assert_int_equal(look_up(snap, "n", "10.0.0.100")->n, 2);
	assert_int_equal(look_up(snap, "n", "10.0.0.2")->n, 1);
	snap = change(model, "{\"tenants\": {\"t\": {\"ports\": {\"p\": null}}}}", snap, 6);
	assert_int_equal(look_up(snap, "n", "10.0.0.100")->n, 1);
	assert_null(look_up(snap, "n", "10.0.0.1"));
	snap = change(model, "{\"tenants\": {\"t\": {\"ports\": {\"q\": null}}}}", snap, 7);
	assert_null(look_up(snap, "n", "10.0.0.100"));
	weft_snapshot_free(snap);
	weft_model_free(model);
}

// How many groups the owners of ADDRESS in NETWORK are in, by a search through the model; -1: it has none.
static int
groups_of(const struct weft_model *model, const char *network, int last)
{
	bool owned = false, in[3] = { false };

	for (int i = 0; i < N_PORTS; i++) {
		char path[64];
		const struct weft_port *port;

		snprintf(path, sizeof(path), "t/p%d", i);
		port = weft_model_port(model, path);
		if (port == NULL || strcmp(port->network, network))
			continue;
		for (unsigned int k = 0; k < port->ips.n4; k++) {
			if (port->ips.v4[k].addr != htonl(0x0a000000 + (uint32_t)last))
				continue;
			owned = true;
			for (unsigned int g = 0; g < port->groups.n; g++)
				in[weft_name_at(&port->groups, g)[0] - 'a'] = true;
		}
	}
	return owned ? in[0] + in[1] + in[2] : -1;
}

// The table against the search, while ports that share addresses come, go and change, several in a change.
static void
table_agrees_with_the_model(void **state)
{
	static const char *const groups[] = { "", "\"a\"", "\"b\"", "\"c\"", "\"a\", \"b\"", "\"c\", \"b\"" };
	struct weft_model *model = weft_model_new("/run");
	struct weft_snapshot *snap;
	char text[4000];

	(void)state;
	srandom(3);
	snprintf(text, sizeof(text), START, "");
	snap = change(model, text, NULL, 5);
	for (unsigned int step = 0; step < 3000; step++) {
		int used = snprintf(text, sizeof(text), "{\"tenants\": {\"t\": {\"ports\": {");

		for (int n = 1 + (int)(random() % 3), i = (int)(random() % N_PORTS); n; n--, i = (i + 1) % N_PORTS) {
			const char *more = n > 1 ? "," : "";

			if (random() % 3 == 0)
				used += snprintf(text + used, sizeof(text) - used, "\"p%d\": null%s", i, more);
			else
				used += snprintf(text + used, sizeof(text) - used,
					"\"p%d\": {\"network\": \"%s\", \"groups\": [%s], \"ips\": "
					"[\"10.0.0.%ld\", \"10.0.1.%d\"]}%s",
					i, random() % 2 ? "n" : "m", groups[random() % RTE_DIM(groups)], random() % 20,
					i, more);
		}
		snprintf(text + used, sizeof(text) - used, "}}}}");
		snap = change(model, text, snap, step + 6);
		for (int last = 0; last < 20; last++) {
			char address[32];
			const struct weft_identity *found;

			snprintf(address, sizeof(address), "10.0.0.%d", last);
			found = look_up(snap, "n", address);
			assert_int_equal(found ? (int)found->n : -1, groups_of(model, "n", last));
		}
	}
	weft_snapshot_free(snap);
	weft_model_free(model);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(longest_prefix_says_whose_it_is),
		TEST(shared_address_stays_with_who_is_left),
		TEST(table_agrees_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

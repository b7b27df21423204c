// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <stdlib.h>

#include "compile_setup.h"
#include "policy.h"
#include "control/compile/domain_ids.h"

#define HZ	UINT64_C(1000000)
#define BUDGET	(UINT64_C(64) << 20)
#define N_PORTS 40
#define N_NETS	5

struct step {
	struct weft_build *build;
	const struct weft_model *model;
};

// Gives the port a slot where it has none, and compiles it.
static void
build_port(void *arg, const struct weft_port *port)
{
	struct step *step = arg;
	struct weft_error err = { "" };
	uint16_t slot = weft_placement_find(&placement, port->o.path);

	if (slot == 0) {
		slot = weft_placement_free_slot(&placement);
		weft_placement_assign(&placement, slot, port->o.path);
	}
	assert_int_equal(weft_build_port(step->build, step->model, port, &err), 0);
}

// A snapshot of MODEL after BASE, with all ports compiled again.
static struct weft_snapshot *
build_all(const struct weft_snapshot *base, const struct weft_model *model, uint64_t version)
{
	struct weft_error err = { "" };
	struct step step = { .build = weft_build_begin(base, &placement, version, HZ), .model = model };

	assert_non_null(step.build);
	policy_each_port(model, build_port, &step);
	assert_int_equal(weft_build_check(BUDGET, &err), 0);
	return weft_build_finish(step.build, version);
}

// Places ports in their order: slots 1, 2, ...
static struct weft_snapshot *
compile(const char *bundle)
{
	struct weft_error err = { "" };
	struct weft_model *model = policy_model(bundle, &err);
	struct weft_snapshot *snap;

	assert_non_null(model);
	snap = build_all(NULL, model, 5);
	weft_model_free(model);
	return snap;
}

static const struct weft_port_conf *
conf_of(const struct weft_snapshot *snap, uint16_t slot)
{
	return weft_snapshot_slot(snap, slot);
}

static bool
is_member(const struct weft_snapshot *snap, uint16_t domain, uint16_t port)
{
	const struct weft_domain *d = weft_snapshot_domain(snap, domain);

	for (uint32_t i = 0; i < d->n_ports; i++)
		if (d->ports[i] == port)
			return true;
	return false;
}

static uint16_t
port_of_mac(const struct weft_snapshot *snap, uint16_t domain, uint64_t mac, uint16_t gen)
{
	uint64_t key = weft_mac_key(domain, mac);
	const struct weft_mac_entry *entry =
		weft_mactab_find(&snap->static_macs, key, weft_mactab_hash(&snap->static_macs, key));

	return entry && entry->gen == gen ? entry->port : 0;
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
	assert_int_equal(conf_of(snap, 1)->native, conf_of(snap, 2)->native);
	assert_int_not_equal(conf_of(snap, 1)->native, conf_of(snap, 3)->native);
	assert_int_equal(conf_of(snap, 1)->mtu, 9000);
	assert_true(conf_of(snap, 1)->up);
	assert_false(conf_of(snap, 2)->up);
	assert_true(is_member(snap, conf_of(snap, 1)->native, 2));
	assert_false(is_member(snap, conf_of(snap, 1)->native, 3));
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
	const struct weft_port_conf *b = conf_of(snap, 2), *c = conf_of(snap, 3);

	(void)state;
	assert_int_equal(b->vid_domain[10], conf_of(snap, 1)->native);
	assert_int_equal(b->native, b->vid_domain[20]);
	assert_int_equal(weft_snapshot_domain(snap, b->vid_domain[21])->vid, 21);
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
	const struct weft_port_conf *u = conf_of(snap, 3);

	(void)state;
	assert_int_equal(u->tagging, WEFT_TAG_UPLINK);
	assert_int_equal(u->vid_domain[7], conf_of(snap, 1)->native);
	assert_int_equal(weft_snapshot_domain(snap, u->vid_domain[7])->uplink_vid, 7);
	assert_int_equal(u->native, 0);
	assert_false(is_member(snap, conf_of(snap, 2)->native, 3));
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
		uint16_t domain = conf_of(snap, 1)->vid_domain[vid];

		assert_int_equal(port_of_mac(snap, domain, MAC_A, conf_of(snap, 1)->gen), 1);
	}
	weft_snapshot_free(snap);
}

static void
domains_keep_their_number_and_give_it_back(void **state)
{
	static const char *const trees[] = {
		"{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {\"a\": {\"network\": "
		"\"n\", \"vlan\": {\"access\": 9}}}}}}",
		"{\"tenants\": {\"t\": {\"ports\": {\"a\": {\"network\": \"n\", \"vlan\": {\"trunk\": "
		"[\"1-4094\"]}}}}}}"
	};
	struct weft_model *model = weft_model_new("/tmp");
	struct weft_snapshot *snap = NULL, *old;
	struct weft_error err;
	uint16_t domain = 0;

	(void)state;
	for (unsigned int i = 0; i < 7; i++) {
		assert_int_equal(policy_apply(model, trees[i % 2], &err), 0);
		old = snap;
		snap = build_all(old, model, i + 1);
		weft_snapshot_free(old);
		if (i == 0)
			domain = conf_of(snap, 1)->native;
		if (i % 2)
			assert_int_equal(conf_of(snap, 1)->vid_domain[9], domain);
		assert_int_equal(HASH_COUNT(placement.domains), i % 2 ? 4094 : 1);
	}
	assert_int_equal(conf_of(snap, 1)->native, domain);
	weft_snapshot_free(snap);
	weft_model_free(model);
}

static void
pages_without_a_change_are_shared_and_others_copied(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model = weft_model_new("/tmp");
	struct weft_snapshot *first, *second;
	struct step step = { .model = model };
	char text[256];

	(void)state;
	assert_int_equal(policy_apply(model, "{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}}}}", &err), 0);
	for (unsigned int i = 1; i <= 3 * WEFT_PAGE; i++) {
		snprintf(text, sizeof(text), "{\"tenants\": {\"t\": {\"ports\": {\"p%u\": {\"network\": \"n\"}}}}}", i);
		assert_int_equal(policy_apply(model, text, &err), 0);
	}
	first = build_all(NULL, model, 1);
	assert_int_equal(
		policy_apply(model,
			"{\"tenants\": {\"t\": {\"ports\": {\"p70\": {\"network\": \"n\", \"state\": \"down\"}}}}}",
			&err),
		0);
	step.build = weft_build_begin(first, &placement, 2, HZ);
	build_port(&step, weft_model_port(model, "t/p70"));
	second = weft_build_finish(step.build, 2);
	assert_ptr_equal(first->port_page[0], second->port_page[0]);
	assert_ptr_equal(first->port_page[2], second->port_page[2]);
	assert_ptr_not_equal(first->port_page[1], second->port_page[1]);
	assert_ptr_equal(first->macs, second->macs);
	assert_int_equal(second->port_version[1], 2);
	assert_int_equal(second->port_version[0], 1);
	assert_true(conf_of(first, weft_placement_find(&placement, "t/p70"))->up);
	assert_false(conf_of(second, weft_placement_find(&placement, "t/p70"))->up);
	weft_snapshot_free(first);
	assert_true(conf_of(second, 1)->up);
	weft_snapshot_free(second);
	weft_model_free(model);
}

static void
policy_over_its_budget_is_refused_with_the_number(void **state)
{
	struct weft_error err = { "" };
	struct weft_model *model =
		policy_model("{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {\"a\": {\"network\": "
			     "\"n\", \"vlan\": {\"trunk\": [\"1-4094\"]}}}}}}",
			&err);
	struct step step = { .model = model, .build = weft_build_begin(NULL, &placement, 1, HZ) };

	(void)state;
	policy_each_port(model, build_port, &step);
	assert_int_equal(weft_build_check(100000, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "MiB, and policy_memory_mb allows"));
	weft_build_abort(step.build);
	// What was numbered for it has gone with it.
	assert_int_equal(HASH_COUNT(placement.domains), 0);
	weft_model_free(model);
}

static unsigned int
pick(unsigned int n)
{
	return (unsigned int)rand() % n;
}

// A random change of one object.
static void
random_bundle(char *text, size_t size)
{
	static const char *const vlans[] = { "", ", \"vlan\": {\"access\": 7}",
		", \"vlan\": {\"trunk\": [5, \"7-9\"], \"native\": 8}", ", \"vlan\": {\"qinq\": 9}",
		", \"state\": \"down\"" };
	unsigned int port = pick(N_PORTS), network = pick(N_NETS);

	if (pick(8) == 0)
		snprintf(text, size,
			"{\"tenants\": {\"t\": {\"networks\": {\"n%u\": {\"mtu\": %u, \"learning\": %s}}}}}", network,
			1000 + pick(500), pick(2) ? "true" : "false");
	else if (pick(4) == 0)
		snprintf(text, size, "{\"tenants\": {\"t\": {\"ports\": {\"p%u\": null}}}}", port);
	else if (pick(10) == 0)
		snprintf(text, size,
			"{\"tenants\": {\"t\": {\"ports\": {\"u\": {\"attach\": {\"type\": \"eth\", \"device\": "
			"\"net_null0\"}}}}}}");
	else
		snprintf(text, size,
			"{\"tenants\": {\"t\": {\"ports\": {\"p%u\": {\"network\": \"n%u\", \"mac\": "
			"\"52:54:00:00:00:%02x\"%s}}}}}",
			port, network, pick(64), vlans[pick(5)]);
}

struct comparison {
	const struct weft_snapshot *steps, *once;
	unsigned int n_ports;
};

// A domain by its name: numbers may differ.
static void
same_domain(const struct comparison *c, uint16_t slot, uint16_t a, uint16_t b)
{
	const struct weft_domain *x = weft_snapshot_domain(c->steps, a), *y = weft_snapshot_domain(c->once, b);
	const struct weft_port_conf *p = conf_of(c->steps, slot), *q = conf_of(c->once, slot);

	assert_int_equal(!a, !b);
	if (a == 0)
		return;
	assert_string_equal(x->name, y->name);
	assert_int_equal(x->vid, y->vid);
	assert_int_equal(x->uplink_vid, y->uplink_vid);
	assert_int_equal(x->learning, y->learning);
	assert_int_equal(x->n_ports, y->n_ports);
	assert_true(is_member(c->steps, a, slot) && is_member(c->once, b, slot));
	if (p->mac) {
		assert_int_equal(port_of_mac(c->steps, a, p->mac, p->gen), slot);
		assert_int_equal(port_of_mac(c->once, b, q->mac, q->gen), slot);
	}
}

static void
same_port(void *arg, const struct weft_port *port)
{
	struct comparison *c = arg;
	uint16_t slot = weft_placement_find(&placement, port->o.path);
	const struct weft_port_conf *a = conf_of(c->steps, slot), *b = conf_of(c->once, slot);

	c->n_ports++;
	assert_string_equal(a->name, port->o.path);
	assert_true(a->gen);
	assert_int_equal(a->up, b->up);
	assert_int_equal(a->mtu, b->mtu);
	assert_int_equal(a->tagging, b->tagging);
	assert_true(a->mac == b->mac);
	same_domain(c, slot, a->native, b->native);
	assert_int_equal(!a->vid_domain, !b->vid_domain);
	for (unsigned int vid = 0; a->vid_domain && vid < WEFT_N_VLANS; vid++)
		same_domain(c, slot, a->vid_domain[vid], b->vid_domain[vid]);
}

// What one change asks for: the changed port, or all ports of a changed network, and the uplink.
static void
build_change(struct step *step, const struct weft_changeset *set)
{
	struct weft_error err;

	for (unsigned int i = 0; i < set->n; i++) {
		const struct weft_change *c = &set->change[i];
		const struct weft_object *object = c->new ? c->new : c->old;
		uint16_t slot = weft_placement_find(&placement, object->path);

		if (object->kind == &weft_kind_network) {
			policy_each_port(step->model, build_port, step);
		} else if (c->new) {
			build_port(step, (const struct weft_port *)c->new);
		} else {
			assert_int_equal(weft_build_remove(step->build, slot, &err), 0);
			weft_placement_withdraw(&placement, slot);
			weft_placement_release(&placement, slot);
		}
	}
}

static void
what_is_built_in_steps_equals_what_is_built_at_once(void **state)
{
	struct weft_model *model = weft_model_new("/tmp");
	struct weft_snapshot *snap = NULL, *old;
	struct weft_error err;
	unsigned int accepted = 0;

	(void)state;
	srand(7);
	for (unsigned int i = 0; i < N_NETS; i++) {
		char text[128];

		snprintf(text, sizeof(text), "{\"tenants\": {\"t\": {\"networks\": {\"n%u\": {%s}}}}}", i,
			i == 0 ? "\"encap\": \"vlan\", \"vlan\": 70" : "");
		assert_int_equal(policy_apply(model, text, &err), 0);
	}
	for (unsigned int i = 0; i < 1500; i++) {
		struct step step = { .model = model };
		struct weft_changeset set;
		char text[512];
		json_t *bundle, *changes;

		random_bundle(text, sizeof(text));
		bundle = json_loads(text, 0, NULL);
		changes = weft_bundle_changes(bundle, &err);
		if (weft_model_change(model, changes, 0, &set, &err) == 0) {
			accepted++;
			step.build = weft_build_begin(snap, &placement, i + 1, HZ);
			build_change(&step, &set);
			if (pick(5) == 0 && set.n && set.change[0].old && set.change[0].new) {
				// Given up: the next one starts from what was.
				weft_build_abort(step.build);
				weft_model_revert(model, &set);
			} else {
				old = snap;
				snap = weft_build_finish(step.build, i + 1);
				weft_snapshot_free(old);
				weft_changeset_accept(&set);
			}
		}
		json_decref(changes);
		json_decref(bundle);
		if (snap && i % 50 == 0) {
			struct weft_domain_id *domains = placement.domains;
			static struct weft_domain_id *numbered[WEFT_MAX_DOMAINS + 1];
			struct comparison c = { .steps = snap };

			// At once: with numbers of its own, so that the real ones stay as they are.
			memcpy(numbered, placement.domain, sizeof(numbered));
			memset(placement.domain, 0, sizeof(placement.domain));
			placement.domains = NULL;
			c.once = build_all(NULL, model, 1);
			policy_each_port(model, same_port, &c);
			assert_true(c.n_ports > 0);
			weft_snapshot_free((struct weft_snapshot *)(uintptr_t)c.once);
			for (unsigned int id = 1; id <= WEFT_MAX_DOMAINS; id++)
				weft_domain_id_free(&placement, (uint16_t)id);
			placement.domains = domains;
			memcpy(placement.domain, numbered, sizeof(numbered));
		}
	}
	assert_true(accepted > 500);
	weft_snapshot_free(snap);
	weft_model_free(model);
}

static void
flood_limits_become_cycles(void **state)
{
	struct weft_snapshot *snap =
		compile("{\"tenants\": {\"t\": {\"networks\": {\"n\": {}}, \"ports\": {\"a\": {\"network\": \"n\", "
			"\"flood\": {\"broadcast\": 1000, \"unknown\": 0}}}}}}");

	(void)state;
	assert_int_equal(conf_of(snap, 1)->flood[WEFT_FLOOD_BROADCAST].cost, HZ / 1000);
	assert_int_equal(conf_of(snap, 1)->flood[WEFT_FLOOD_BROADCAST].burst, HZ / 10);
	assert_int_equal(conf_of(snap, 1)->flood[WEFT_FLOOD_UNKNOWN].cost, 0);
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
		TEST(pages_without_a_change_are_shared_and_others_copied),
		TEST(policy_over_its_budget_is_refused_with_the_number),
		TEST(what_is_built_in_steps_equals_what_is_built_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "policy.h"
#include "control/compile/rulebook.h"
#include "control/compile/ruleset.h"
#include "control/compile/refcount.h"

#define N_RULES 4000

static struct weft_model *model;

static int
setup(void **state)
{
	(void)state;
	fixture_eal();
	model = weft_model_new("/run/weft/vhost");
	return model ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	weft_model_free(model);
	assert_int_equal(weft_refcount_used(), 0);
	return 0;
}

static struct weft_object *
group(json_t *rules)
{
	struct weft_error err = { "" };
	json_t *json = json_pack("{s:o}", "rules", rules);
	struct weft_object *object = weft_object_new("tenants/t/groups/g", json, &err);

	if (object == NULL)
		print_error("%s\n", err.text);
	assert_non_null(object);
	json_decref(json);
	return object;
}

struct compiled {
	struct weft_ordered_rule rules[N_RULES];
	uint32_t n;
	struct weft_ruleset set;
	void *memory;
};

static void
compile(struct compiled *c, const struct weft_object *object)
{
	const struct weft_group *g = weft_rules_of(object);

	c->n = g->rules.n;
	for (uint32_t i = 0; i < c->n; i++)
		c->rules[i] = (struct weft_ordered_rule){
			.rule = (const struct weft_rule *)g->rules.items + i, .owner = object, .index = i, .tier = 2
		};
	weft_rule_order_sort(c->rules, c->n);
	assert_int_equal(weft_ruleset_compile(model, c->rules, c->n, WEFT_DENY, "default", &c->set, &c->memory), 0);
}

static void
release(struct compiled *c)
{
	weft_ruleset_release(&c->set);
	weft_refcount_unref(c->memory);
}

static bool
in_prefix(const char *text, const struct weft_query *q)
{
	char copy[64];
	uint8_t prefix[16];
	int length;

	snprintf(copy, sizeof(copy), "%s", text);
	*strchr(copy, '/') = 0;
	length = atoi(strchr(text, '/') + 1);
	if ((strchr(copy, ':') != NULL) != q->v6 || inet_pton(q->v6 ? AF_INET6 : AF_INET, copy, prefix) != 1)
		return false;
	for (int bit = 0; bit < length; bit++)
		if ((prefix[bit / 8] ^ q->remote[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

// The first rule that matches, by looking at each.
static uint32_t
linear(const struct compiled *c, const struct weft_query *q)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct weft_rule *r = c->rules[i].rule;
		bool found = r->ports.n == 0;
		char key[WEFT_KEY_SIZE];

		if (r->protocol >= 0 && r->protocol != q->protocol)
			continue;
		for (unsigned int k = 0; k < r->ports.n; k++)
			found = found || (q->service >= r->ports.range[k].low && q->service <= r->ports.range[k].high);
		if (!found || (r->icmp.type >= 0 && r->icmp.type != q->service >> 8) ||
			(r->icmp.code >= 0 && r->icmp.code != (q->service & 0xff)))
			continue;
		if (r->remote.cidr[0] && !in_prefix(r->remote.cidr, q))
			continue;
		if (r->remote.group[0]) {
			snprintf(key, sizeof(key), "tenants/t/groups/%s", r->remote.group);
			found = false;
			for (uint32_t k = 0; q->identity && k < q->identity->n; k++)
				found = found || q->identity->group[k] == weft_rulebook_number(key);
			if (!found)
				continue;
		}
		return i;
	}
	return c->n;
}

static json_t *
random_rule(void)
{
	static const char *const protocols[] = { "any", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre" };
	const char *protocol = protocols[random() % 7];
	json_t *rule = json_pack("{s:s, s:s, s:s, s:i}", "direction", "in", "action", random() % 2 ? "allow" : "deny",
		"protocol", protocol, "priority", (int)(random() % 50));
	unsigned int low = random() % 65536, span = random() % (random() % 3 ? 20 : 30000);

	if (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0 || strcmp(protocol, "sctp") == 0)
		json_object_set_new(rule, "ports",
			json_pack("[o, i]", json_sprintf("%u-%u", low, RTE_MIN(low + span, 65535u)),
				(int)(random() % 65536)));
	if (strncmp(protocol, "icmp", 4) == 0 && random() % 2)
		json_object_set_new(rule, "icmp",
			random() % 2 ? json_pack("{s:i}", "type", (int)(random() % 256))
				     : json_pack("{s:i, s:i}", "type", (int)(random() % 256), "code",
					       (int)(random() % 256)));
	switch (random() % 4) {
	case 0:
		json_object_set_new(rule, "remote",
			json_pack("{s:o}", "cidr",
				random() % 2 ? json_sprintf("10.%ld.%ld.0/24", random() % 4, random() % 256)
					     : json_sprintf("10.%ld.0.0/16", random() % 8)));
		break;
	case 1:
		json_object_set_new(rule, "remote",
			json_pack("{s:o}", "cidr",
				random() % 3 ? json_sprintf("fd00:%lx::/32", random() % 64) : json_string("::/0")));
		break;
	case 2:
		json_object_set_new(rule, "remote", json_pack("{s:o}", "group", json_sprintf("x%ld", random() % 40)));
		break;
	}
	return rule;
}

static void
ask(const struct compiled *c)
{
	static const uint8_t protocols[] = { 6, 17, 1, 58, 132, 47, 0, 255 };
	struct weft_identity *identity = malloc(sizeof(*identity) + 5 * sizeof(identity->group[0]));
	uint8_t remote[16] = { 10, (uint8_t)(random() % 8), (uint8_t)random(), (uint8_t)random() };
	struct weft_query q = { .remote = remote,
		.identity = random() % 2 ? identity : NULL,
		.v6 = random() % 3 == 0,
		.protocol = protocols[random() % 8],
		.service = (uint16_t)random() };
	char key[WEFT_KEY_SIZE];

	assert_non_null(identity);
	identity->n = (uint32_t)random() % 5;
	if (q.v6)
		memcpy(remote, (uint8_t[]){ 0xfd, 0, 0, (uint8_t)(random() % 70) }, 4);
	for (uint32_t k = 0; k < identity->n; k++) {
		snprintf(key, sizeof(key), "tenants/t/groups/x%ld", random() % 60);
		identity->group[k] = weft_rulebook_number(key);
	}
	assert_int_equal(weft_ruleset_match(&c->set, &q), linear(c, &q));
	free(identity);
}

static void
classifier_agrees_with_a_linear_search(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 63, 64, 65, 500, N_RULES };
	static struct compiled c;

	(void)state;
	srandom(11);
	for (unsigned int i = 0; i < RTE_DIM(sizes); i++) {
		struct weft_object *object;
		json_t *rules = json_array();

		for (uint32_t k = 0; k < sizes[i]; k++)
			json_array_append_new(rules, random_rule());
		object = group(rules);
		compile(&c, object);
		for (unsigned int k = 0; k < 20000; k++)
			ask(&c);
		release(&c);
		weft_object_free(object);
	}
}

static void
edges_of_ranges_are_exact(void **state)
{
	static struct compiled c;
	static const struct {
		uint16_t service;
		uint32_t rule;
	} samples[] = { { 0, 0 }, { 1, 3 }, { 79, 3 }, { 80, 1 }, { 90, 1 }, { 91, 3 }, { 65534, 3 }, { 65535, 2 } };
	uint8_t remote[4] = { 255, 255, 255, 255 };
	struct weft_object *object = group(json_pack(
		"[{s:s,s:s,s:s,s:[i],s:i}, {s:s,s:s,s:s,s:[s],s:i}, {s:s,s:s,s:s,s:[i],s:i,s:{s:s}}]", "direction",
		"in", "action", "allow", "protocol", "tcp", "ports", 0, "priority", 1, "direction", "in", "action",
		"allow", "protocol", "tcp", "ports", "80-90", "priority", 2, "direction", "in", "action", "allow",
		"protocol", "tcp", "ports", 65535, "priority", 3, "remote", "cidr", "255.255.255.255"));

	(void)state;
	compile(&c, object);
	for (unsigned int i = 0; i < RTE_DIM(samples); i++) {
		struct weft_query q = { .remote = remote, .protocol = 6, .service = samples[i].service };

		assert_int_equal(weft_ruleset_match(&c.set, &q), samples[i].rule);
	}
	release(&c);
	weft_object_free(object);
}

static void
compiled_memory_is_small_for_many_rules(void **state)
{
	static struct compiled c;
	json_t *rules = json_array();
	struct weft_object *object;

	(void)state;
	// All different: the most classes that there can be.
	for (unsigned int i = 0; i < N_RULES; i++)
		json_array_append_new(rules, json_pack("{s:s, s:s, s:s, s:[i], s:{s:o}}", "direction", "in", "action",
						     "allow", "protocol", "tcp", "ports", (int)(1024 + 2 * i), "remote",
						     "cidr", json_sprintf("10.%u.%u.0/24", i / 250, i % 250)));
	object = group(rules);
	compile(&c, object);
	assert_in_range(weft_refcount_used(), 1, 1500000);
	release(&c);
	weft_object_free(object);
}

static void
counters_rest_before_they_are_anothers(void **state)
{
	uint32_t a = weft_rulebook_counter("t/a one"), b;

	(void)state;
	assert_int_equal(weft_rulebook_counter("t/a one"), a);
	weft_rulebook_uncount(a);
	assert_string_equal(weft_rulebook_name(a), "t/a one");
	weft_rulebook_uncount(a);
	assert_string_equal(weft_rulebook_name(a), "");
	b = weft_rulebook_counter("t/b two");
	assert_int_not_equal(a, b);
	weft_rulebook_uncount(b);
}

// Of each ethertype the first rule decides, and a rule for all hides those behind it; the look-ups of packets find none of them.
static void
ethertypes_have_one_rule_each(void **state)
{
	struct weft_object *object =
		group(json_pack("[{s:s,s:s,s:s,s:i,s:i},{s:s,s:s,s:s,s:i,s:i},{s:s,s:s,s:s,s:i,s:i},"
				"{s:s,s:s,s:s,s:i},{s:s,s:s,s:s,s:i,s:i},{s:s,s:s,s:s,s:i}]",
			"direction", "in", "action", "allow", "protocol", "ether", "ethertype", 0x8863, "priority", 2,
			"direction", "in", "action", "deny", "protocol", "ether", "ethertype", 0x8863, "priority", 1,
			"direction", "in", "action", "allow", "protocol", "ether", "ethertype", 0x8847, "priority", 3,
			"direction", "in", "action", "allow", "protocol", "ether", "priority", 4, "direction", "in",
			"action", "deny", "protocol", "ether", "ethertype", 0x8864, "priority", 5, "direction", "in",
			"action", "allow", "protocol", "any", "priority", 6));
	struct compiled *c = calloc(1, sizeof(*c));
	const uint8_t remote[4] = { 10, 0, 0, 1 };
	struct weft_query query = { .remote = remote, .protocol = 6 };

	(void)state;
	compile(c, object);
	assert_int_equal(c->set.n_ether, 2);
	assert_int_equal(c->set.ether[0].ethertype, 0x8847);
	assert_ptr_equal(c->set.ether[0].rule, &c->set.rule[2]);
	assert_int_equal(c->set.ether[1].ethertype, 0x8863);
	assert_int_equal(c->set.ether[1].rule->action, WEFT_DENY);
	assert_ptr_equal(c->set.ether_any, &c->set.rule[3]);
	assert_int_equal(weft_ruleset_match(&c->set, &query), 5);
	release(c);
	free(c);
	weft_object_free(object);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(classifier_agrees_with_a_linear_search),
		TEST(edges_of_ranges_are_exact),
		TEST(compiled_memory_is_small_for_many_rules),
		TEST(counters_rest_before_they_are_anothers),
		TEST(ethertypes_have_one_rule_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

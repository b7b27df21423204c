// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The rules of the provider, of the port's tenant and of the port's groups apply to a port. The cache finds a policy by
// the serials of these objects, so a policy is compiled again only when one of them changes.
#include "policy_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rulebook.h"
#include "ruleset.h"
#include "refcount.h"

struct compiled {
	struct weft_policy policy; // first: snapshots point to it
	unsigned int refs;
	void *memory[2];   // of the rulesets: out, in
	UT_hash_handle hh; // of the cache, by key
	uint32_t n_serials;
	uint64_t key[];
};

static struct compiled *known;

// The serials of the objects that a policy is made from. A group's serial determines how many serials of networks follow
// it.
struct key {
	uint64_t *serial;
	uint32_t n, room;
	bool failed; // no memory
};

static void
append(struct key *key, uint64_t serial)
{
	uint32_t room = RTE_MAX(2 * key->room, 16u);
	uint64_t *more;

	if (key->n == key->room) {
		more = realloc(key->serial, room * sizeof(*more));
		key->failed = key->failed || more == NULL;
		if (more == NULL)
			return;
		key->serial = more;
		key->room = room;
	}
	key->serial[key->n++] = serial;
}

static int
by_path(const void *a, const void *b)
{
	const struct weft_group *const *x = a, *const *y = b;

	return strcmp((*x)->o.path, (*y)->o.path);
}

static void
gather_provider(const struct weft_model *model, struct weft_tiers *tiers)
{
	uint32_t n = weft_model_count(model, &weft_kind_provider_rules);
	tiers->gathered = true;
	tiers->provider = n ? calloc(n, sizeof(tiers->provider[0])) : NULL;
	if (tiers->provider == NULL)
		return;
	for (const struct weft_object *object = model->objects; object; object = object->hh.next)
		if (object->kind == &weft_kind_provider_rules && tiers->n_provider < n)
			tiers->provider[tiers->n_provider++] = (const struct weft_group *)object;
	qsort(tiers->provider, tiers->n_provider, sizeof(tiers->provider[0]), by_path);
}

void
weft_tiers_free(struct weft_tiers *tiers)
{
	free(tiers->provider);
	*tiers = (struct weft_tiers){ 0 };
}

// The objects whose rules apply to a port.
struct sources {
	const struct weft_group *group[1 + WEFT_MAX_GROUPS]; // the tenant's tier first, or NULL
	uint32_t n;
	const struct weft_tiers *tiers;
};

static void
find_sources(
	const struct weft_model *model, const struct weft_tiers *tiers, const struct weft_port *port, struct sources *s)
{
	char tenant[WEFT_NAME_SIZE], key[WEFT_KEY_SIZE], path[WEFT_PATH_SIZE];

	weft_object_tenant(&port->o, tenant);
	weft_key_make(&weft_kind_tenant_rules, tenant, key);
	*s = (struct sources){ .group = { weft_rules_of(weft_model_get(model, key)) }, .n = 1, .tiers = tiers };
	for (uint32_t i = 0; i < port->groups.n; i++) {
		snprintf(path, sizeof(path), "%.63s/%.63s", tenant, weft_name_at(&port->groups, i));
		weft_key_make(&weft_kind_group, path, key);
		s->group[s->n++] = weft_rules_of(weft_model_get(model, key));
	}
	qsort(s->group + 1, s->n - 1, sizeof(s->group[0]), by_path);
}

static void
append_networks(struct key *key, const struct weft_model *model, const struct weft_group *group)
{
	const struct weft_rule *rules = group->rules.items;
	char path[WEFT_PATH_SIZE];

	for (uint32_t i = 0; i < group->rules.n; i++) {
		const struct weft_network *network;

		if (!rules[i].remote.network[0])
			continue;
		snprintf(path, sizeof(path), "%.*s/%.63s", (int)RTE_MIN(strcspn(group->o.path, "/"), (size_t)63),
			group->o.path, rules[i].remote.network);
		network = weft_model_network(model, path);
		append(key, network ? network->o.serial : 0);
	}
}

static struct key
key_of(const struct weft_model *model, const struct sources *s)
{
	struct key key = { 0 };

	append(&key, s->tiers->n_provider);
	for (uint32_t i = 0; i < s->tiers->n_provider; i++)
		append(&key, s->tiers->provider[i]->o.serial);
	for (uint32_t i = 0; i < s->n; i++) {
		append(&key, s->group[i] ? s->group[i]->o.serial : 0);
		if (s->group[i] && s->group[i]->names_networks)
			append_networks(&key, model, s->group[i]);
	}
	return key;
}

// The action if no rule matches: the strictest that the port's groups name. NAME gets the group that names it.
static int
default_of(const struct sources *s, bool in, char *name, size_t size)
{
	int action = in ? WEFT_DENY : WEFT_ALLOW;

	snprintf(name, size, "(no group) default_%s", in ? "in" : "out");
	for (uint32_t i = 1; i < s->n; i++) {
		int own = in ? s->group[i]->default_in : s->group[i]->default_out;

		if (i > 1 && own <= action)
			continue;
		action = own;
		snprintf(name, size, "%s default_%s", s->group[i]->o.path, in ? "in" : "out");
	}
	return action;
}

static void
add_rules(struct weft_ordered_rule *rules, uint32_t *n, const struct weft_group *group, uint8_t tier, int direction)
{
	const struct weft_rule *items = group ? group->rules.items : NULL;

	for (uint32_t i = 0; group && i < group->rules.n; i++)
		if (items[i].direction == direction)
			rules[(*n)++] = (struct weft_ordered_rule){
				.rule = &items[i], .owner = &group->o, .index = i, .tier = tier
			};
}

static int
compile_direction(const struct weft_model *model, const struct sources *s, const struct weft_port *port, int direction,
	struct weft_ruleset *ruleset, void **memory, bool *stateless, struct weft_error *err)
{
	uint32_t most = 1, n = 0;
	struct weft_ordered_rule *rules;
	char name[WEFT_PATH_SIZE + 32];
	int action = default_of(s, direction == WEFT_DIR_IN, name, sizeof(name)), ret;

	for (uint32_t i = 0; i < s->tiers->n_provider; i++)
		most += s->tiers->provider[i]->rules.n;
	for (uint32_t i = 0; i < s->n; i++)
		most += s->group[i] ? s->group[i]->rules.n : 0;
	rules = calloc(most, sizeof(*rules));
	if (rules == NULL)
		return weft_fail(err, ENOMEM, "port %s: no memory to compile its rules", port->o.path);
	for (uint32_t i = 0; i < s->tiers->n_provider; i++)
		add_rules(rules, &n, s->tiers->provider[i], 0, direction);
	for (uint32_t i = 0; i < s->n; i++)
		add_rules(rules, &n, s->group[i], i ? 2 : 1, direction);
	for (uint32_t i = 0; i < n; i++)
		*stateless = *stateless || rules[i].rule->stateless;
	if (n > WEFT_RULESET_MAX) {
		ret = weft_fail(err, E2BIG,
			"port %s: %u rules would apply to it %s, and %u are the most; give it fewer groups, "
			"or join rules by ranges of ports and by prefixes",
			port->o.path, n, direction == WEFT_DIR_IN ? "inwards" : "outwards", WEFT_RULESET_MAX);
	} else {
		weft_rule_order_sort(rules, n);
		ret = weft_ruleset_compile(model, rules, n, action, name, ruleset, memory);
		if (ret)
			weft_fail(err, ENOMEM, "port %s: no memory for its %u rules: raise \"memory_mb\"", port->o.path,
				n);
	}
	free(rules);
	return ret;
}

static void
release(struct compiled *c)
{
	weft_ruleset_release(&c->policy.out);
	weft_ruleset_release(&c->policy.in);
	weft_refcount_unref(c->memory[0]);
	weft_refcount_unref(c->memory[1]);
	weft_refcount_unref(c);
}

static int
compile(const struct weft_model *model, const struct sources *s, const struct weft_port *port, struct compiled *c,
	struct weft_error *err)
{
	struct weft_policy *policy = &c->policy;
	int ret;

	for (uint32_t i = 1; i < s->n; i++)
		policy->reject_revoked = policy->reject_revoked || s->group[i]->on_revocation;
	ret = compile_direction(model, s, port, WEFT_DIR_OUT, &policy->out, &c->memory[0], &policy->has_stateless, err);
	if (ret)
		return ret;
	return compile_direction(model, s, port, WEFT_DIR_IN, &policy->in, &c->memory[1], &policy->has_stateless, err);
}

const struct weft_policy *
weft_policy_cache_get(
	const struct weft_model *model, struct weft_tiers *tiers, const struct weft_port *port, struct weft_error *err)
{
	struct compiled *c = NULL;
	struct sources s;
	struct key key;
	int ret;

	if (!tiers->gathered)
		gather_provider(model, tiers);
	find_sources(model, tiers, port, &s);
	key = key_of(model, &s);
	if (!key.failed)
		HASH_FIND(hh, known, key.serial, key.n * sizeof(key.serial[0]), c);
	if (c) {
		free(key.serial);
		c->refs++;
		return &c->policy;
	}
	c = key.failed ? NULL : weft_refcount_new(sizeof(*c) + key.n * sizeof(c->key[0]), true);
	if (c) {
		memcpy(c->key, key.serial, key.n * sizeof(c->key[0]));
		c->n_serials = key.n;
	}
	free(key.serial);
	if (c == NULL) {
		weft_fail(err, ENOMEM, "port %s: no memory to compile its rules: raise \"memory_mb\"", port->o.path);
		errno = ENOMEM;
		return NULL;
	}
	ret = compile(model, &s, port, c, err);
	if (ret) {
		release(c);
		errno = -ret;
		return NULL;
	}
	c->refs = 1;
	HASH_ADD_KEYPTR(hh, known, c->key, c->n_serials * sizeof(c->key[0]), c);
	return &c->policy;
}

void
weft_policy_cache_ref(const struct weft_policy *policy)
{
	if (policy)
		((struct compiled *)(uintptr_t)policy)->refs++;
}

void
weft_policy_cache_unref(const struct weft_policy *policy)
{
	struct compiled *c = (struct compiled *)(uintptr_t)policy;

	if (c == NULL || --c->refs)
		return;
	if (c->hh.tbl)
		HASH_DEL(known, c);
	release(c);
}

// Enters NUMBER into the ascending groups of IDENTITY, once. False: there is no room.
static bool
enter_group(struct weft_identity *identity, uint32_t number)
{
	uint32_t i = 0;

	while (i < identity->n && identity->group[i] < number)
		i++;
	if (i < identity->n && identity->group[i] == number)
		return true;
	if (identity->n == WEFT_IDENTITY_GROUPS)
		return false;
	memmove(&identity->group[i + 1], &identity->group[i], (identity->n++ - i) * sizeof(identity->group[0]));
	identity->group[i] = number;
	return true;
}

struct weft_identity *
weft_policy_cache_identity(uint32_t most)
{
	struct weft_identity *identity;

	most = RTE_MIN(most, (uint32_t)WEFT_IDENTITY_GROUPS);
	identity = weft_refcount_new(sizeof(*identity) + most * sizeof(identity->group[0]), true);
	if (identity)
		identity->n = 0;
	return identity;
}

bool
weft_policy_cache_join(struct weft_identity *identity, const struct weft_port *port)
{
	char key[WEFT_KEY_SIZE], tenant[WEFT_NAME_SIZE], path[WEFT_PATH_SIZE];

	weft_object_tenant(&port->o, tenant);
	for (uint32_t i = 0; i < port->groups.n; i++) {
		snprintf(path, sizeof(path), "%.63s/%.63s", tenant, weft_name_at(&port->groups, i));
		weft_key_make(&weft_kind_group, path, key);
		if (!enter_group(identity, weft_rulebook_number(key)))
			return false;
	}
	return true;
}

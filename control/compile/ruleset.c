// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The compiler of rulesets. It makes sets of rules for each dimension: for each group, for each protocol, and for ranges
// of values (addresses, ports, ICMP types). A sweep over the ends of the ranges makes them disjoint. The sets follow each
// other in a growing list of words; at the end everything is copied into one piece of memory.
#include "ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "control/base/address.h"
#include "ether_rules.h"
#include "rulebook.h"
#include "refcount.h"

#define N_WORDS (WEFT_RULESET_MAX / 64)

typedef unsigned __int128 wide;

// A set of rules as a bit map with all its words, while it is made.
struct full {
	uint64_t word[N_WORDS];
};

// The first value of a rule's range (step 1), or the first value behind it (step -1).
struct edge {
	wide at;
	uint32_t rule;
	int32_t step; // 1, -1
};

struct ranges {
	struct edge *edge;
	uint32_t n, room;
};

// An array that grows.
struct list {
	void *items;
	uint32_t n, room;
};

struct compiler {
	const struct weft_ordered_rule *rules;
	uint32_t n;
	bool failed; // no memory
	struct list words, protocol_sets, groups, group_sets, services;
	struct full full;
	uint32_t count[WEFT_RULESET_MAX]; // by rule: its ranges that the sweep is in
};

// Disjoint ranges with their sets.
struct swept {
	struct list starts; // of wide
	struct list sets;
};

static void *
push(struct compiler *c, struct list *list, size_t size)
{
	void *more;

	if (list->n == list->room) {
		more = realloc(list->items, (size_t)RTE_MAX(2 * list->room, 16u) * size);
		if (more == NULL) {
			c->failed = true;
			return NULL;
		}
		list->items = more;
		list->room = RTE_MAX(2 * list->room, 16u);
	}
	memset((char *)list->items + list->n * size, 0, size);
	return (char *)list->items + list->n++ * size;
}

static void
mark(struct full *full, uint32_t rule)
{
	full->word[rule / 64] |= UINT64_C(1) << (rule % 64);
}

// Writes FULL as a sparse set.
static struct weft_rule_set
write_set(struct compiler *c, const struct full *full)
{
	struct weft_rule_set set = { .first = c->words.n };

	for (uint32_t w = 0; w < N_WORDS; w++) {
		uint64_t *word = full->word[w] ? push(c, &c->words, sizeof(*word)) : NULL;

		if (word == NULL)
			continue;
		*word = full->word[w];
		set.sum |= UINT64_C(1) << w;
	}
	return set;
}

static void
push_set(struct compiler *c, struct list *sets, const struct full *full)
{
	struct weft_rule_set written = write_set(c, full), *set = push(c, sets, sizeof(*set));

	if (set)
		*set = written;
}

// Adds the range from LOW to HIGH of RULE; LAST is the largest value of the dimension.
static void
add_range(struct compiler *c, struct ranges *ranges, uint32_t rule, wide low, wide high, wide last)
{
	struct list list = { ranges->edge, ranges->n, ranges->room };
	struct edge *edge = push(c, &list, sizeof(*edge));

	if (edge)
		*edge = (struct edge){ low, rule, 1 };
	edge = high != last ? push(c, &list, sizeof(*edge)) : NULL;
	if (edge)
		*edge = (struct edge){ high + 1, rule, -1 };
	*ranges = (struct ranges){ list.items, list.n, list.room };
}

static int
compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void
sweep(struct compiler *c, struct ranges *ranges, struct swept *swept)
{
	struct full *full = &c->full;
	wide *start;

	memset(full, 0, sizeof(*full));
	memset(c->count, 0, sizeof(c->count));
	if (ranges->n == 0)
		return;
	qsort(ranges->edge, ranges->n, sizeof(ranges->edge[0]), compare_edges);
	for (uint32_t i = 0; i < ranges->n;) {
		wide at = i == 0 && ranges->edge[0].at != 0 && swept->starts.n == 0 ? 0 : ranges->edge[i].at;

		for (; i < ranges->n && ranges->edge[i].at == at; i++) {
			uint32_t rule = ranges->edge[i].rule;

			c->count[rule] += (uint32_t)ranges->edge[i].step;
			if (c->count[rule])
				mark(full, rule);
			else
				full->word[rule / 64] &= ~(UINT64_C(1) << (rule % 64));
		}
		start = push(c, &swept->starts, sizeof(*start));
		if (start == NULL)
			return;
		*start = at;
		push_set(c, &swept->sets, full);
	}
}

static wide
wide_of(const uint8_t addr[16])
{
	wide value = 0;

	for (unsigned int i = 0; i < 16; i++)
		value = value << 8 | addr[i];
	return value;
}

static void
add_prefix(struct compiler *c, struct ranges v[2], uint32_t rule, const char *text)
{
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	if (weft_prefix4_parse(text, &v4) == 0) {
		uint32_t low = rte_be_to_cpu_32(v4.addr), mask = rte_be_to_cpu_32(v4.mask);

		add_range(c, &v[0], rule, low, (wide)(low | ~mask), UINT32_MAX);
	} else if (weft_prefix6_parse(text, &v6) == 0) {
		add_range(c, &v[1], rule, wide_of(v6.addr), wide_of(v6.addr) | ~wide_of(v6.mask), ~(wide)0);
	}
}

// Compiles the rules' remote ends: groups into C, ranges of addresses into V (IPv4, IPv6). Returns the set of rules that
// match any remote end.
static struct weft_rule_set
compile_remotes(struct compiler *c, const struct weft_model *model, struct ranges v[2])
{
	struct full any = { { 0 } };
	char key[WEFT_KEY_SIZE];

	for (uint32_t i = 0; i < c->n; i++) {
		const struct weft_rule *rule = c->rules[i].rule;
		const struct weft_network *network;

		if (rule->remote.cidr[0]) {
			add_prefix(c, v, i, rule->remote.cidr);
		} else if (rule->remote.network[0]) {
			snprintf(key, sizeof(key), "%.*s/%s", (int)strcspn(c->rules[i].owner->path, "/"),
				c->rules[i].owner->path, rule->remote.network);
			network = weft_model_network(model, key);
			for (uint32_t k = 0; network && k < network->subnets.n; k++)
				add_prefix(c, v, i, weft_name_at(&network->subnets, k));
		} else if (rule->remote.group[0]) {
			struct edge *group = push(c, &c->groups, sizeof(*group));

			snprintf(key, sizeof(key), "tenants/%.*s/groups/%s", (int)strcspn(c->rules[i].owner->path, "/"),
				c->rules[i].owner->path, rule->remote.group);
			if (group)
				*group = (struct edge){ .at = weft_rulebook_number(key), .rule = i };
		} else {
			mark(&any, i);
		}
	}
	return write_set(c, &any);
}

// Makes a set for each group that rules name, in ascending order. Afterwards GROUPS has the numbers of these groups.
static void
compile_groups(struct compiler *c)
{
	struct edge *named = c->groups.items;
	uint32_t n = c->groups.n, *number;
	struct list numbers = { 0 };

	if (n)
		qsort(named, n, sizeof(*named), compare_edges);
	for (uint32_t i = 0; i < n;) {
		wide at = named[i].at;

		memset(&c->full, 0, sizeof(c->full));
		for (; i < n && named[i].at == at; i++)
			mark(&c->full, named[i].rule);
		number = push(c, &numbers, sizeof(*number));
		if (number)
			*number = (uint32_t)at;
		push_set(c, &c->group_sets, &c->full);
	}
	free(named);
	c->groups = numbers;
}

// Adds a rule's ranges of ports, or of ICMP types and codes. False: the rule matches its whole protocol.
static bool
add_service(struct compiler *c, struct ranges *ranges, uint32_t i)
{
	const struct weft_rule *rule = c->rules[i].rule;
	uint16_t low;

	for (unsigned int k = 0; k < rule->ports.n; k++)
		add_range(c, ranges, i, rule->ports.range[k].low, rule->ports.range[k].high, UINT16_MAX);
	if (rule->icmp.type < 0)
		return rule->ports.n;
	low = rule->icmp.type << 8 | RTE_MAX(rule->icmp.code, 0);
	add_range(c, ranges, i, low, rule->icmp.code < 0 ? low | 0xff : low, UINT16_MAX);
	return true;
}

static void
compile_protocol(struct compiler *c, struct weft_ruleset *ruleset, int protocol)
{
	struct full all = { { 0 } };
	struct ranges ranges = { 0 };
	struct swept *swept;
	bool has_all = false;

	for (uint32_t i = 0; i < c->n; i++) {
		if (c->rules[i].rule->protocol != protocol || add_service(c, &ranges, i))
			continue;
		mark(&all, i);
		has_all = true;
	}
	if (has_all) {
		push_set(c, &c->protocol_sets, &all);
		ruleset->protocol[protocol] = c->protocol_sets.n;
	}
	if (ranges.n) {
		swept = push(c, &c->services, sizeof(*swept));
		if (swept)
			sweep(c, &ranges, swept);
		ruleset->service_of[protocol] = c->services.n;
	}
	free(ranges.edge);
}

static struct weft_rule_set
compile_services(struct compiler *c, struct weft_ruleset *ruleset)
{
	struct full any = { { 0 } };
	bool seen[256] = { false };

	for (uint32_t i = 0; i < c->n; i++) {
		int protocol = c->rules[i].rule->protocol;

		if (protocol == WEFT_PROTOCOL_ETHER)
			continue;
		if (protocol < 0)
			mark(&any, i);
		else if (!seen[protocol])
			compile_protocol(c, ruleset, protocol);
		if (protocol >= 0)
			seen[protocol] = true;
	}
	return write_set(c, &any);
}

// One piece of memory with many parts. A first pass adds up the sizes of the parts, a second one fills them.
struct piece {
	char *base; // NULL in the first pass
	size_t used;
};

static void *
cut(struct piece *piece, const void *from, size_t size)
{
	void *to = piece->base ? piece->base + piece->used : NULL;

	if (to && from)
		memcpy(to, from, size);
	piece->used += RTE_ALIGN_CEIL(size, 16);
	return to;
}

static const uint32_t *
cut32(struct piece *piece, const struct list *starts)
{
	uint32_t *to = cut(piece, NULL, starts->n * sizeof(*to));

	for (uint32_t i = 0; to && i < starts->n; i++)
		to[i] = (uint32_t)((wide *)starts->items)[i];
	return to;
}

static const uint8_t (*cut128(struct piece *piece, const struct list *starts))[16]
{
	uint8_t(*to)[16] = cut(piece, NULL, starts->n * sizeof(*to));

	for (uint32_t i = 0; to && i < starts->n; i++)
		for (unsigned int k = 0; k < 16; k++)
			to[i][k] = (uint8_t)(((wide *)starts->items)[i] >> (120 - 8 * k));
	return (const uint8_t(*)[16])to;
}

#define SETS(list) (list).items, (list).n * sizeof(struct weft_rule_set)

// Copies everything that was compiled into PIECE.
static void
lay_out(const struct compiler *c, const struct swept v[2], struct piece *piece, struct weft_ruleset *ruleset)
{
	struct weft_service *service = cut(piece, NULL, c->services.n * sizeof(*service));

	for (uint32_t i = 0; i < c->services.n; i++) {
		const struct swept *swept = (const struct swept *)c->services.items + i;
		const uint32_t *start = cut32(piece, &swept->starts);
		const struct weft_rule_set *set = cut(piece, SETS(swept->sets));

		if (service)
			service[i] = (struct weft_service){ .n = swept->starts.n, .start = start, .set = set };
	}
	ruleset->service = service;
	ruleset->word = cut(piece, c->words.items, c->words.n * sizeof(uint64_t));
	ruleset->protocol_set = cut(piece, SETS(c->protocol_sets));
	ruleset->n_groups = c->groups.n;
	ruleset->group = cut(piece, c->groups.items, c->groups.n * sizeof(uint32_t));
	ruleset->group_set = cut(piece, SETS(c->group_sets));
	ruleset->n_v4 = v[0].starts.n;
	ruleset->v4_start = cut32(piece, &v[0].starts);
	ruleset->v4_set = cut(piece, SETS(v[0].sets));
	ruleset->n_v6 = v[1].starts.n;
	ruleset->v6_start = cut128(piece, &v[1].starts);
	ruleset->v6_set = cut(piece, SETS(v[1].sets));
}

// Writes the rules themselves and the default action, with names and counters, into PIECE.
static void
lay_rules(const struct compiler *c, int default_action, const char *default_name, struct piece *piece,
	struct weft_ruleset *ruleset)
{
	struct weft_rule_conf *conf = cut(piece, NULL, (c->n + 1) * sizeof(*conf));
	char name[2 * WEFT_PATH_SIZE];

	for (uint32_t i = 0; i <= c->n; i++) {
		char *copy;

		if (i < c->n)
			weft_rule_order_name(&c->rules[i], name, sizeof(name));
		else
			snprintf(name, sizeof(name), "%s", default_name);
		copy = cut(piece, name, strlen(name) + 1);
		if (conf)
			conf[i] = (struct weft_rule_conf){ .name = copy,
				.counter = weft_rulebook_counter(name),
				.action = i < c->n ? c->rules[i].rule->action : default_action,
				.stateless = i < c->n && c->rules[i].rule->stateless,
				.log = i < c->n && c->rules[i].rule->log };
	}
	ruleset->rule = conf;
}

// Lays out the rules for frames that are neither IP nor ARP. The look-ups of packets do not find them.
static void
lay_ether(const struct compiler *c, struct piece *piece, struct weft_ruleset *ruleset)
{
	struct weft_ether_rule *ether = cut(piece, NULL, weft_ether_rules_room(c->rules, c->n) * sizeof(*ether));

	if (ether)
		weft_ether_rules_fill(c->rules, c->n, ether, ruleset);
}

static void
free_swept(struct swept *swept)
{
	free(swept->starts.items);
	free(swept->sets.items);
}

int
weft_ruleset_compile(const struct weft_model *model, const struct weft_ordered_rule *rules, uint32_t n,
	int default_action, const char *default_name, struct weft_ruleset *ruleset, void **memory)
{
	struct compiler *c = calloc(1, sizeof(*c));
	struct ranges v[2] = { 0 };
	struct swept swept[2] = { 0 };
	struct piece piece = { 0 };

	*memory = NULL;
	if (c == NULL)
		return -ENOMEM;
	c->rules = rules;
	c->n = n;
	*ruleset = (struct weft_ruleset){ .n_rules = n };
	ruleset->any_remote = compile_remotes(c, model, v);
	compile_groups(c);
	for (unsigned int i = 0; i < 2; i++)
		sweep(c, &v[i], &swept[i]);
	ruleset->any_service = compile_services(c, ruleset);
	lay_out(c, swept, &piece, ruleset);
	lay_rules(c, default_action, default_name, &piece, ruleset);
	lay_ether(c, &piece, ruleset);
	piece.base = c->failed ? NULL : weft_refcount_new(piece.used, true);
	piece.used = 0;
	if (piece.base) {
		*memory = piece.base;
		lay_out(c, swept, &piece, ruleset);
		lay_rules(c, default_action, default_name, &piece, ruleset);
		lay_ether(c, &piece, ruleset);
	}
	for (uint32_t i = 0; i < c->services.n; i++)
		free_swept((struct swept *)c->services.items + i);
	for (unsigned int i = 0; i < 2; i++) {
		free_swept(&swept[i]);
		free(v[i].edge);
	}
	free(c->words.items);
	free(c->protocol_sets.items);
	free(c->groups.items);
	free(c->group_sets.items);
	free(c->services.items);
	free(c);
	return *memory ? 0 : -ENOMEM;
}

void
weft_ruleset_release(const struct weft_ruleset *ruleset)
{
	for (uint32_t i = 0; ruleset->rule && i <= ruleset->n_rules; i++)
		weft_rulebook_uncount(ruleset->rule[i].counter);
}

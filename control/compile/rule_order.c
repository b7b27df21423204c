// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "rule_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>

#include "weft/fnv.h"

#include "control/base/address.h"

static int
compare_ruled(const void *a, const void *b)
{
	const struct weft_ordered_rule *x = a, *y = b;
	int order;

	if (x->tier != y->tier)
		return x->tier < y->tier ? -1 : 1;
	if (x->rule->priority != y->rule->priority)
		return x->rule->priority < y->rule->priority ? -1 : 1;
	if (x->rule->action != y->rule->action)
		return x->rule->action > y->rule->action ? -1 : 1;
	order = strcmp(x->owner->path, y->owner->path);
	return order ? order : x->index < y->index ? -1 : 1;
}

void
weft_rule_order_sort(struct weft_ordered_rule *rules, uint32_t n)
{
	qsort(rules, n, sizeof(*rules), compare_ruled);
}

// A hash of a rule's fields without its name.
static uint32_t
digest(const struct weft_rule *rule)
{
	struct weft_rule copy = *rule;

	memset(copy.name, 0, sizeof(copy.name));
	return (uint32_t)weft_fnv_hash_bytes(&copy, sizeof(copy));
}

void
weft_rule_order_name(const struct weft_ordered_rule *rule, char *name, size_t size)
{
	static const char *const tiers[] = { "provider ", "tenant ", "" };

	if (rule->rule->name[0])
		snprintf(name, size, "%s%s %s", tiers[rule->tier], rule->owner->path, rule->rule->name);
	else
		snprintf(name, size, "%s%s #%08x", tiers[rule->tier], rule->owner->path, digest(rule->rule));
}

// The addresses of a prefix.
struct range {
	bool v6;
	uint8_t low[16], high[16];
};

static bool
range_of(const char *cidr, struct range *range)
{
	struct weft_prefix4 v4;
	struct weft_prefix6 v6;

	memset(range, 0, sizeof(*range));
	if (weft_prefix4_parse(cidr, &v4) == 0) {
		rte_be32_t high = v4.addr | ~v4.mask;

		memcpy(range->low, &v4.addr, 4);
		memcpy(range->high, &high, 4);
		return true;
	}
	if (weft_prefix6_parse(cidr, &v6))
		return false;
	range->v6 = true;
	for (unsigned int i = 0; i < 16; i++) {
		range->low[i] = v6.addr[i];
		range->high[i] = v6.addr[i] | (uint8_t)~v6.mask[i];
	}
	return true;
}

// Whether A matches every remote end that B matches.
static bool
covers_remote(const struct weft_rule *a, const struct weft_rule *b)
{
	struct range x, y;

	if (!a->remote.group[0] && !a->remote.network[0] && !a->remote.cidr[0])
		return true;
	if (strcmp(a->remote.group, b->remote.group) || strcmp(a->remote.network, b->remote.network))
		return false;
	if (!a->remote.cidr[0])
		return true;
	return b->remote.cidr[0] && range_of(a->remote.cidr, &x) && range_of(b->remote.cidr, &y) && x.v6 == y.v6 &&
	       memcmp(x.low, y.low, 16) <= 0 && memcmp(x.high, y.high, 16) >= 0;
}

static bool
covers_ports(const struct weft_rule *a, const struct weft_rule *b)
{
	if (a->ports.n == 0)
		return true;
	for (unsigned int i = 0; i < b->ports.n; i++) {
		bool covered = false;

		for (unsigned int k = 0; k < a->ports.n && !covered; k++)
			covered = a->ports.range[k].low <= b->ports.range[i].low &&
				  a->ports.range[k].high >= b->ports.range[i].high;
		if (!covered)
			return false;
	}
	return b->ports.n;
}

// Whether A matches every packet that B matches.
static bool
covers(const struct weft_rule *a, const struct weft_rule *b)
{
	bool ether = a->protocol == WEFT_PROTOCOL_ETHER || b->protocol == WEFT_PROTOCOL_ETHER;

	if (a->direction != b->direction || ((a->protocol >= 0 || ether) && a->protocol != b->protocol))
		return false;
	if (ether)
		return a->ethertype == 0 || a->ethertype == b->ethertype;
	if (a->icmp.type >= 0 && (a->icmp.type != b->icmp.type || (a->icmp.code >= 0 && a->icmp.code != b->icmp.code)))
		return false;
	return covers_ports(a, b) && covers_remote(a, b);
}

static void
warn(json_t *warnings, const struct weft_ordered_rule *first, const struct weft_ordered_rule *second)
{
	char a[2 * WEFT_PATH_SIZE], b[2 * WEFT_PATH_SIZE];
	bool same = covers(second->rule, first->rule);

	weft_rule_order_name(first, a, sizeof(a));
	weft_rule_order_name(second, b, sizeof(b));
	if (same && first->rule->action == second->rule->action)
		json_array_append_new(warnings, json_sprintf("%s: repeats %s", b, a));
	else if (same)
		json_array_append_new(warnings, json_sprintf("%s: contradicts %s, which is judged first", b, a));
	else
		json_array_append_new(
			warnings, json_sprintf("%s: never decides, %s covers it and is judged first", b, a));
}

void
weft_rule_order_warn(const struct weft_object *object, json_t *warnings)
{
	const struct weft_group *group = weft_rules_of(object);
	const struct weft_rule *rules = group ? group->rules.items : NULL;
	uint32_t n = group ? group->rules.n : 0;
	struct weft_ordered_rule *sorted = n ? calloc(n, sizeof(*sorted)) : NULL;
	size_t before = json_array_size(warnings);

	for (uint32_t i = 0; sorted && i < n; i++)
		sorted[i] = (struct weft_ordered_rule){ .rule = &rules[i], .owner = object, .index = i, .tier = 2 };
	if (sorted)
		weft_rule_order_sort(sorted, n);
	for (uint32_t i = 1; sorted && i < n && json_array_size(warnings) < before + WEFT_MAX_WARNINGS; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (covers(sorted[k].rule, sorted[i].rule)) {
				warn(warnings, &sorted[k], &sorted[i]);
				break;
			}
		}
	}
	free(sorted);
}

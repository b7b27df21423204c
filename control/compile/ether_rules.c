// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "ether_rules.h"

#include <stdlib.h>

uint32_t
weft_ether_rules_room(const struct weft_ordered_rule *rules, uint32_t n)
{
	uint32_t room = 0;

	for (uint32_t i = 0; i < n; i++)
		room += rules[i].rule->protocol == WEFT_PROTOCOL_ETHER;
	return room;
}

static int
compare(const void *a, const void *b)
{
	const struct weft_ether_rule *x = a, *y = b;

	if (x->ethertype != y->ethertype)
		return x->ethertype < y->ethertype ? -1 : 1;
	return x->rule < y->rule ? -1 : 1;
}

void
weft_ether_rules_fill(
	const struct weft_ordered_rule *rules, uint32_t n, struct weft_ether_rule *ether, struct weft_ruleset *ruleset)
{
	uint32_t named = 0, kept = 0;

	for (uint32_t i = 0; i < n && ruleset->ether_any == NULL; i++) {
		const struct weft_rule *rule = rules[i].rule;

		if (rule->protocol != WEFT_PROTOCOL_ETHER)
			continue;
		if (rule->ethertype == 0)
			ruleset->ether_any = &ruleset->rule[i];
		else
			ether[named++] =
				(struct weft_ether_rule){ .ethertype = rule->ethertype, .rule = &ruleset->rule[i] };
	}
	qsort(ether, named, sizeof(*ether), compare);
	for (uint32_t i = 0; i < named; i++)
		if (kept == 0 || ether[kept - 1].ethertype != ether[i].ethertype)
			ether[kept++] = ether[i];
	ruleset->ether = ether;
	ruleset->n_ether = kept;
}

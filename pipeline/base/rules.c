// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The classifier: looks up both dimensions, and returns the first rule that is in both sets.
#include "weft/rules.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

// The most sets that a look-up yields: that of rules for any value, one for each group of an identity, and one
// range.
#define MAX_SETS (WEFT_IDENTITY_GROUPS + 2)

// A union of sets.
struct sets {
	uint64_t sum;
	unsigned int n;
	const struct weft_rule_set *set[MAX_SETS];
};

static inline void
add(struct sets *sets, const struct weft_rule_set *set)
{
	if (set->sum) {
		sets->sum |= set->sum;
		sets->set[sets->n++] = set;
	}
}

static inline uint64_t
word_of(const struct weft_ruleset *ruleset, const struct sets *sets, unsigned int w)
{
	uint64_t word = 0, bit = UINT64_C(1) << w;

	for (unsigned int i = 0; i < sets->n; i++) {
		const struct weft_rule_set *set = sets->set[i];

		if (set->sum & bit)
			word |= ruleset->word[set->first + __builtin_popcountll(set->sum & (bit - 1))];
	}
	return word;
}

// The index of the last of N ascending starts that is not above VALUE; the first start is 0.
static uint32_t
range_of(const uint32_t *start, uint32_t n, uint32_t value)
{
	uint32_t low = 0;

	while (n > 1) {
		uint32_t half = n / 2;

		low += start[low + half] <= value ? half : 0;
		n -= half;
	}
	return low;
}

static uint32_t
range_of6(const uint8_t (*start)[16], uint32_t n, const uint8_t *value)
{
	uint32_t low = 0;

	while (n > 1) {
		uint32_t half = n / 2;

		low += memcmp(start[low + half], value, 16) <= 0 ? half : 0;
		n -= half;
	}
	return low;
}

static void
add_groups(const struct weft_ruleset *ruleset, const struct weft_identity *identity, struct sets *sets)
{
	for (uint32_t i = 0; i < identity->n; i++) {
		uint32_t at;

		if (ruleset->n_groups == 0 || identity->group[i] < ruleset->group[0])
			continue;
		at = range_of(ruleset->group, ruleset->n_groups, identity->group[i]);
		if (ruleset->group[at] == identity->group[i])
			add(sets, &ruleset->group_set[at]);
	}
}

static void
look_up_remote(const struct weft_ruleset *ruleset, const struct weft_query *query, struct sets *sets)
{
	add(sets, &ruleset->any_remote);
	if (query->identity)
		add_groups(ruleset, query->identity, sets);
	if (query->v6 && ruleset->n_v6) {
		add(sets, &ruleset->v6_set[range_of6(ruleset->v6_start, ruleset->n_v6, query->remote)]);
	} else if (!query->v6 && ruleset->n_v4) {
		rte_be32_t addr;

		memcpy(&addr, query->remote, sizeof(addr));
		add(sets, &ruleset->v4_set[range_of(ruleset->v4_start, ruleset->n_v4, rte_be_to_cpu_32(addr))]);
	}
}

static void
look_up_service(const struct weft_ruleset *ruleset, const struct weft_query *query, struct sets *sets)
{
	uint8_t all = ruleset->protocol[query->protocol], some = ruleset->service_of[query->protocol];

	add(sets, &ruleset->any_service);
	if (all)
		add(sets, &ruleset->protocol_set[all - 1]);
	if (some) {
		const struct weft_service *service = &ruleset->service[some - 1];

		add(sets, &service->set[range_of(service->start, service->n, query->service)]);
	}
}

uint32_t
weft_ruleset_match(const struct weft_ruleset *ruleset, const struct weft_query *query)
{
	struct sets remote = { 0 }, service = { 0 };
	uint64_t both;

	if (ruleset->n_rules == 0)
		return 0;
	look_up_service(ruleset, query, &service);
	look_up_remote(ruleset, query, &remote);
	for (both = remote.sum & service.sum; both; both &= both - 1) {
		unsigned int w = __builtin_ctzll(both);
		uint64_t word = word_of(ruleset, &service, w) & word_of(ruleset, &remote, w);

		if (word)
			return w * 64 + __builtin_ctzll(word);
	}
	return ruleset->n_rules;
}

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// From rules in their order to what the packet path matches on. Control thread.
#pragma once

#include "control/policy/lookup.h"

// A rule with what it is part of, in the order in which rules are judged.
struct ruled {
	const struct weft_rule *rule;
	const struct weft_object *owner; // a group, or a tier
	uint32_t index;			 // in its owner's list
	uint8_t tier;			 // 0: the provider's, 1: the tenant's, 2: groups'
};

// Sorts rules as they are judged: by tier, priority, and where that is the same the stricter first.
void weft_ruled_sort(struct ruled *rules, uint32_t n);

// The name of a rule: "tenant/group rule"; one without a name goes by what it says.
void weft_ruled_name(const struct ruled *rule, char *name, size_t size);

// What is odd about the rules of OBJECT, a group or a tier, in words: those that repeat, contradict or hide others. At
// most WEFT_MAX_WARNINGS.
#define WEFT_MAX_WARNINGS 20
void weft_rules_warn(const struct weft_object *object, json_t *warnings);

// Compiles N rules, none with more than WEFT_RULESET_MAX, with DEFAULT_ACTION where none matches, which goes by
// DEFAULT_NAME. All memory is one piece, *MEMORY, by reference (share.h). Returns 0 or -ENOMEM.
int weft_ruleset_compile(const struct weft_model *model, const struct ruled *rules, uint32_t n, int default_action,
	const char *default_name, struct weft_ruleset *ruleset, void **memory);

// Gives the counters of RULESET back.
void weft_ruleset_release(const struct weft_ruleset *ruleset);

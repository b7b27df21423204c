// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The order in which rules are judged, their names, and warnings about them. Control thread.
#pragma once

#include "control/policy/kind_rules.h"

struct weft_ordered_rule {
	const struct weft_rule *rule;
	const struct weft_object *owner; // a group, or a tier
	uint32_t index;			 // in the owner's list
	uint8_t tier;			 // 0: the provider's, 1: the tenant's, 2: groups'
};

// Sorts rules in the order in which they are judged: by tier, then by priority; among equal ones the stricter action
// comes first.
void weft_rule_order_sort(struct weft_ordered_rule *rules, uint32_t n);

// Writes the name of a rule: "tenant/group rule". A hash of its fields stands for a name that it does not have.
void weft_rule_order_name(const struct weft_ordered_rule *rule, char *name, size_t size);

// Adds to WARNINGS, in words, which rules of OBJECT, a group or a tier, repeat, contradict or hide others; at most
// WEFT_MAX_WARNINGS.
#define WEFT_MAX_WARNINGS 20
void weft_rule_order_warn(const struct weft_object *object, json_t *warnings);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The rules of a ruleset for frames that are neither IP nor ARP: one for each ethertype. Control thread.
#pragma once

#include "weft/rules.h"

#include "rule_order.h"

// How many of the N rules RULES, in the order in which they are judged, are such.
uint32_t weft_ether_rules_room(const struct weft_ordered_rule *rules, uint32_t n);

// Makes ETHER, which has so much room, those of RULESET, whose rules are laid out already. Of each ethertype the first rule decides; a
// rule for any ethertype hides what follows it.
void weft_ether_rules_fill(
	const struct weft_ordered_rule *rules, uint32_t n, struct weft_ether_rule *ether, struct weft_ruleset *ruleset);

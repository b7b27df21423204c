// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Compiles rules, in the order in which they are judged, into the tables that the packet path matches on. Control
// thread.
#pragma once

#include "control/policy/lookup.h"

#include "rule_order.h"

// Compiles N rules, at most WEFT_RULESET_MAX, into RULESET. If no rule matches, DEFAULT_ACTION applies, under the name
// DEFAULT_NAME. All memory is one piece, *MEMORY, with one reference (refcount.h). Returns 0 or -ENOMEM.
int weft_ruleset_compile(const struct weft_model *model, const struct weft_ordered_rule *rules, uint32_t n,
	int default_action, const char *default_name, struct weft_ruleset *ruleset, void **memory);

// Drops RULESET's references to counters.
void weft_ruleset_release(const struct weft_ruleset *ruleset);

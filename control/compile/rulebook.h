// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Numbers that the compiler gives, for this host only: to groups, networks and ports, and to the counters of rules.
// Control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The number of a group, a network or a port, by its key; it stays the same until the process ends. 0 without memory.
uint32_t weft_rulebook_number(const char *key);

// The counter of the rule NAME, with one reference more; WEFT_COUNTER_NONE if all are in use. A rule keeps its counter
// as long as a compiled policy refers to it.
uint32_t weft_rulebook_counter(const char *name);
void weft_rulebook_uncount(uint32_t counter);

// The name of a rule by its counter, or "".
const char *weft_rulebook_name(uint32_t counter);

// Calls FN with every rule that has a counter.
void weft_rulebook_each(void (*fn)(void *arg, uint32_t counter, const char *name), void *arg);

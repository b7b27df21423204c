// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Numbers that the compiler gives to groups, networks and ports, and counters that it gives to rules. They are valid on
// this host only. Control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The number of the group, network or port with KEY. It stays the same until the process ends. 0 without memory.
uint32_t weft_rulebook_number(const char *key);

// Returns the counter of the rule NAME, and takes a reference to it; WEFT_COUNTER_NONE: all are in use. uncount drops
// the reference. A rule keeps its counter as long as there are references.
uint32_t weft_rulebook_counter(const char *name);
void weft_rulebook_uncount(uint32_t counter);

// The name of a rule by its counter, or "".
const char *weft_rulebook_name(uint32_t counter);

// Calls FN with every rule that has a counter.
void weft_rulebook_each(void (*fn)(void *arg, uint32_t counter, const char *name), void *arg);

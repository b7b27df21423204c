// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What the compiler numbers for this host: groups and networks, and the counters of rules. Numbers mean nothing
// elsewhere. Control thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The number of a group or a network, by its key; the same for as long as the process lives. Never 0; 0 without memory.
uint32_t weft_rulebook_number(const char *key);

// The counter of the rule NAME, with one reference more. WEFT_COUNTER_NONE where all are in use. A rule keeps its
// counter for as long as some compiled policy has it.
uint32_t weft_rulebook_counter(const char *name);
void weft_rulebook_uncount(uint32_t counter);

// The name of a rule by its counter, or "".
const char *weft_rulebook_name(uint32_t counter);

// Calls FN with every rule that has a counter.
void weft_rulebook_each(void (*fn)(void *arg, uint32_t counter, const char *name), void *arg);

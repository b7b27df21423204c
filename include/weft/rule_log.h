// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The log of rules with "log": a worker writes what they decide, the control thread reads it. A ring of fixed size.
// Entries that do not fit, or exceed the rate, are counted and lost.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#define WEFT_RULE_LOG_SIZE 256

struct weft_rule_log_entry {
	uint8_t addr[2][16]; // source, destination
	uint16_t l4[2];	     // host order: ports, or ICMP type << 8 | code and 0
	uint16_t port[2];    // slots: from, to
	uint32_t counter;    // the rule's
	uint8_t proto;
	bool v6;
	uint8_t action; // enum weft_action
};

struct weft_rule_log {
	_Atomic uint32_t head __rte_cache_aligned; // the worker writes it, as it does the next two
	uint64_t lost;				   // entries
	uint64_t spent;				   // TSC up to which its rate is used up
	_Atomic uint32_t tail __rte_cache_aligned; // the control thread writes it
	struct weft_rule_log_entry entry[WEFT_RULE_LOG_SIZE];
};

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What rules with "log" have decided: a worker writes, the control thread reads and logs. A ring of fixed size; what
// does not fit, or is over the rate, is counted and lost.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#define WEFT_EVENTS 256

struct weft_event {
	uint8_t addr[2][16]; // source, destination
	uint16_t l4[2];	     // host order: ports, or ICMP type << 8 | code and 0
	uint16_t port[2];    // slots: from, to
	uint32_t counter;    // the rule's
	uint8_t proto;
	bool v6;
	uint8_t action; // enum weft_action
};

struct weft_events {
	_Atomic uint32_t head __rte_cache_aligned; // written by the worker
	uint64_t lost;				   // by the worker
	uint64_t spent;				   // by the worker: its rate
	_Atomic uint32_t tail __rte_cache_aligned; // written by control
	struct weft_event event[WEFT_EVENTS];
};

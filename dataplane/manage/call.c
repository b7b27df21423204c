// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Functions that the control thread has a worker run between two rounds.
#include <unistd.h>

#include "dataplane/core/state.h"

#define TIMEOUT_MS 2000
#define STEP_US	   20

int
weft_engine_call(uint16_t worker, void (*fn)(struct weft_worker *worker, void *arg), void *arg)
{
	struct weft_posted_call *call = &weft_engine.workers[worker]->call;
	int posted = WEFT_CALL_POSTED;

	call->fn = fn;
	call->arg = arg;
	atomic_store_explicit(&call->state, WEFT_CALL_POSTED, memory_order_release);
	for (unsigned int us = 0; us < TIMEOUT_MS * 1000; us += STEP_US) {
		if (atomic_load_explicit(&call->state, memory_order_acquire) == WEFT_CALL_DONE)
			return 0;
		usleep(STEP_US);
	}
	// Once the function runs it uses the caller's memory: then the caller waits, however long it takes.
	if (atomic_compare_exchange_strong(&call->state, &posted, WEFT_CALL_FREE))
		return -ETIMEDOUT;
	while (atomic_load_explicit(&call->state, memory_order_acquire) != WEFT_CALL_DONE)
		usleep(STEP_US);
	return 0;
}

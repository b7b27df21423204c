// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The state that the control thread's methods and reports share. Only the control thread uses it.
#pragma once

#include <event2/event.h>

#include "control/host/local.h"
#include "control/store/store.h"
#include "config.h"

struct weft_state {
	struct weft_config config;
	struct event_base *base;
	struct weft_local local;
	const struct weft_store_ops *store;
	uint64_t start_us;	// when weftd started, in microseconds since 1970
	unsigned int clients;	// of the socket, now
	uint64_t clients_ended; // because they were over a bound (control/api/client.c)
};

extern struct weft_state weft_ctl;

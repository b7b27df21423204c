// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// GET /v1/events: weftd's events as Server-Sent Events (WHATWG HTML, section 9.2). weft-rest asks weftd once for all
// clients.
#pragma once

#include <event2/event.h>

// Asks weftd for events from now on, on BASE, for at most MOST clients. Returns 0, or -1: there is no memory.
int weft_events_start(struct event_base *base, unsigned int most);
void weft_events_stop(void);

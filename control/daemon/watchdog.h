// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// systemd's watchdog.
#pragma once

#include <event2/event.h>

// Tells systemd, if it has started weftd, that weftd is ready, and from then on that it is alive: that no worker stands
// still. Control thread.
void weft_watchdog_start(struct event_base *base);
void weft_watchdog_stop(void);

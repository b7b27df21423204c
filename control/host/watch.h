// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Watches for changes on this host that are not changes of the policy: uplinks lose their link, devices are removed,
// the kernel's routes and neighbours change. Control thread.
#pragma once

#include <event2/event.h>

#include "local.h"

// Follows the kernel's routes and neighbours. Returns 0, or -EIO: they cannot be followed.
int weft_watch_start(struct event_base *base, struct weft_local *local);
void weft_watch_stop(void);

// Looks at the links of LOCAL's devices: brings another uplink into use if needed, and closes the devices that have been
// removed. To be called several times a second.
void weft_watch_links(struct weft_local *local);

// Tries again to open the devices that did not open.
void weft_watch_retry(struct weft_local *local);

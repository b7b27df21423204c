// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which of a host's uplinks is in use. The others stand by: two at once would close a loop through the network that
// both lead to. Control thread.
#pragma once

#include "host.h"

// The uplink among LOCAL's devices that has KEY, and its *SLOT, 0 where its device is not open; NULL: that is no
// uplink.
const struct weft_port *weft_uplink_at(const struct weft_local *local, const char *key, uint16_t *slot);

// The slot of the uplink to be used now: the one in use, as long as it has a link; else the first by name that has one,
// or the first. WEFT_PORT_NONE: there is none.
uint16_t weft_uplink_choose(const struct weft_local *local);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A host's uplinks. One of them is in use; the others stand by, since two uplinks to one network would close a loop.
// Control thread.
#pragma once

#include "host.h"

// The uplink among LOCAL's devices whose key is KEY, and its *SLOT, 0 if its device is not open; NULL: KEY is no
// uplink's.
const struct weft_port *weft_uplink_at(const struct weft_local *local, const char *key, uint16_t *slot);

// The slot of the uplink to be used now: the one in use, as long as it has a link; else the first by name that has one,
// or the first by name. WEFT_PORT_NONE: there is no uplink.
uint16_t weft_uplink_choose(const struct weft_local *local);

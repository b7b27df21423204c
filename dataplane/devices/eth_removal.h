// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Devices that are closed, or removed while they are in use (hot unplug).
#pragma once

#include "eth_port.h"

// Has a thread close IO's device when somebody removes it. Control thread.
void weft_eth_removal_watch(struct weft_portio *io);

// Stops watching, and closes the device, or waits until the thread has. Control thread.
void weft_eth_removal_close(struct weft_portio *io);

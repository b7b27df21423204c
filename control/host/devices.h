// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Which ports of this host have a DPDK device. Control thread.
#pragma once

#include "host.h"

// Notes that the port of KEY has a device; one that is noted already stays as it is. Returns 0 or -ENOMEM.
int weft_device_add(struct weft_local *local, const char *key);

// The port of KEY has no device any more, if it had one.
void weft_device_remove(struct weft_local *local, const char *key);

void weft_devices_clear(struct weft_local *local);

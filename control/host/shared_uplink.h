// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Uplinks on interfaces that the kernel shares (XDP): weft takes those packets that the policy gives it, and the kernel
// gets the others. Control thread.
#pragma once

#include "host.h"

// Tells this host's shared uplinks which packets weft takes, by the policy in force.
void weft_shared_uplink_sync(struct weft_local *local);

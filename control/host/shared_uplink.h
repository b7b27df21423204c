// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// What weft takes from interfaces that the kernel keeps follows from the policy. Control thread.
#pragma once

#include "host.h"

// Tells this host's shared uplinks what the policy in force says.
void weft_shared_uplink_sync(struct weft_local *local);

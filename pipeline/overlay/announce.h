// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Announces this host's MAC addresses on an uplink that has come into use.
#pragma once

#include "weft/worker.h"

// Sends the next announcements, if any are due. Owner worker, each millisecond.
void weft_announce_sweep(struct weft_worker *worker);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The rings between every two workers: packets, connections that change their worker, and learned addresses. Control
// thread, while no worker runs.
#pragma once

#include "weft/log.h"

// Returns 0, or -ENOMEM with ERR; the rings that were made before stay, for weft_rings_free().
int weft_rings_create(struct weft_error *err);

// Frees the rings, and the packets in them.
void weft_rings_free(void);

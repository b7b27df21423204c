// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A vhost-user port of weft in this process, which is its worker too; or one of DPDK's library, to compare with.
#pragma once

#include "frontend.h"
#include "weft/portio.h"

// Starts EAL without huge pages, and makes a pool. Exits with a message if it cannot.
struct rte_mempool *switch_start(void);

// Opens the port of weft, listening on PATH. Exits with a message if it cannot.
void switch_open(struct weft_portio *io, struct rte_mempool *pool, const char *path);

// Opens a port of the library in the same way (library.c). There can be one.
void library_open(struct weft_portio *io, struct rte_mempool *pool, const char *path);

// Waits until the port has a guest, or has none. Returns whether that came true within ten seconds.
bool switch_wait(struct weft_portio *io, bool link);

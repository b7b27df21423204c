// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A canary: an honest guest with a port of its own, beside the one that is fuzzed.
#pragma once

#include <rte_mempool.h>

// Connects it, and starts its rings. Once.
void neighbour_start(struct rte_mempool *pool);

// Aborts if a byte of its memory has changed, or its port has stopped.
void neighbour_check(void);

// Sends a frame, and takes it back from the worker. Aborts if it does not come as it was.
void neighbour_talk(void);

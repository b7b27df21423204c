// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Writes what the pipeline put into the worker's buffers: to devices, and to other workers. Owner worker.
#pragma once

#include "weft/worker.h"

// Writes the packets for PORT. Keeps them where the port's former owner still has its token.
void weft_outbox_flush_port(struct weft_worker *worker, uint16_t port);

// Writes all buffers, and frees the packets that were dropped.
void weft_outbox_flush(struct weft_worker *worker);

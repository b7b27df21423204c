// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Learned addresses and multicast groups, which each worker tells all others. Owner worker.
#pragma once

#include "weft/fdb.h"

#include "worker.h"

// Sends MESSAGE to all other workers. It is counted and lost where a ring is full.
void weft_gossip_send(struct weft_worker *worker, const struct weft_fdb_message *message);

// Enters what the other workers have sent into the worker's tables.
void weft_gossip_receive(struct weft_engine_worker *self);

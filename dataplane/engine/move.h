// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port changes its worker. The former owner sends the port's connections, as they are, over a ring to the new owner,
// and then releases the port's token. Meanwhile nobody reads the port, so packets are lost only where its ring
// overflows. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// Another worker owns the port in SLOT now.
void weft_move_begin(struct weft_engine_worker *self, uint16_t slot);

// Sends some of the connections that other workers own. Releases the tokens when all are sent.
void weft_move_send(struct weft_engine_worker *self);

// Enters connections that other workers have sent into the worker's table.
void weft_move_receive(struct weft_engine_worker *self);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Tokens: which worker may use a port's device. A port that changes its owner passes its token on: the former owner
// releases it when it has seen a snapshot in which it does not own the port and has sent the port's connections to the
// new owner; only then can the new owner claim it. Owner worker.
#pragma once

#include "dataplane/core/worker.h"

// Claims the tokens of the ports that the worker owns and has no token of, as far as they are free.
void weft_token_claim(struct weft_engine_worker *self);

// Releases SLOT's token.
void weft_token_release(struct weft_engine_worker *self, uint16_t slot);

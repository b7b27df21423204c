// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's state in the store, which the drivers of attempts read.
#pragma once

#include "impl.h"

// Writes the state under the host's lease; once more, if it changes meanwhile. Without a lease it does nothing.
void host_state_put(struct weft_cluster *c);

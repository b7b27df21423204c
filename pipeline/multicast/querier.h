// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Asks the stations behind a port for the multicast groups that they want.
#pragma once

#include "weft/worker.h"

// Sends a query to the port in SLOT, which this worker owns, in each of its networks in which no router asks. Owner
// worker.
void weft_groups_query(struct weft_worker *worker, uint16_t slot);

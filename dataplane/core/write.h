// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Writing to a port's device.
#pragma once

#include "worker.h"

// Writes N packets to the device in SLOT, which the worker owns, and counts them at the ports that they came from.
// Drops those that the device does not take. Owner worker.
void weft_write_port(struct weft_engine_worker *self, uint16_t slot, struct rte_mbuf **pkts, uint16_t n);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Packets from and to an Ethernet device, as struct weft_io_ops has it. Owner worker.
#pragma once

#include "weft/portio.h"

uint16_t weft_eth_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes);
uint16_t weft_eth_tx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);

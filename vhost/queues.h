// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Packets from and to a guest, as struct weft_io_ops has it: picks the rings. Owner worker.
#pragma once

#include "weft/portio.h"

uint16_t vhost_rx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n, int64_t *bytes);
uint16_t vhost_tx(struct weft_portio *io, uint16_t worker, struct rte_mbuf **pkts, uint16_t n);
void vhost_notify_guest(struct weft_portio *io);

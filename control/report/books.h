// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The books of the packets: which were dropped and why, and whether every packet is accounted for. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"
#include "weft/portio.h"
#include "weft/worker.h"

// The counters of the port in SLOT since the port got the slot.
void weft_report_read_counters(uint16_t slot, struct weft_port_stats *stats);

// The method "drops", {port}: [{port, reason, packets, text}] of that port, or of all without params.port. Returns NULL
// with errno and ERR.
json_t *weft_report_drops(const json_t *params, struct weft_error *err);

// The method "audit": the books of each port and their sums. They balance if every packet that was received or created
// was sent, taken, dropped or is held. Returns NULL with errno and ERR if a worker does not answer.
json_t *weft_report_audit(const json_t *params, struct weft_error *err);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The other hosts as peers of this host's tunnels. Control thread.
#pragma once

#include "control/policy/model.h"

// The method "tunnels": this host's tunnel address and uplinks, the other hosts with what weft_report_peer() says of
// each, and the numbers of frames from them by the generation that they were stamped with.
json_t *weft_report_tunnels(const json_t *params, struct weft_error *err);

// The peer for the host HOST in the snapshot in force, or NULL; and its *SLOT.
const struct weft_peer *weft_report_find_peer(const char *host, uint16_t *slot);

// Adds to ROW the next hop to PEER, its MAC if it is known, and the state of BFD.
void weft_report_peer(uint16_t slot, const struct weft_peer *peer, json_t *row);

// The name of a BFD state (weft/bfd.h), and an address as text, null for none.
const char *weft_report_bfd_state(uint8_t state);
json_t *weft_report_address(const struct weft_ip *address);

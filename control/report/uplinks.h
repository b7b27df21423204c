// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// This host's uplinks. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "uplinks": [{port, device, in_use, shared, address, deny, counts: {name: {packets, bytes}}}]. "counts" is
// what a shared uplink has taken from its interface, and what it has left to the kernel.
json_t *weft_report_uplinks(const json_t *params, struct weft_error *err);

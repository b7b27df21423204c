// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Finds out why the ports of a network on different hosts do not reach each other. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// The method "network", {network}: {network, mtu, trouble: [...], hosts: [{host, ports, trouble: [...], ...}]}. Each
// trouble is a sentence that says what to type. Returns NULL with errno and ERR.
json_t *weft_report_network(const json_t *params, struct weft_error *err);

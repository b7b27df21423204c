// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The ways to other hosts. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// What is wrong with the way from the network params.network to other hosts; NULL with ERR.
json_t *weft_report_network(const json_t *params, struct weft_error *err);

// The ways to other hosts, and what comes from them.
json_t *weft_report_tunnels(const json_t *params, struct weft_error *err);

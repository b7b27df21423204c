// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The method that distributes this host's ports anew over its workers. Control thread.
#pragma once

#include <jansson.h>

#include "weft/log.h"

// "rebalance": moves ports to other workers until all have about the same load, {moved: how many}. Returns NULL with
// errno and ERR, also while a generation is being applied.
json_t *weft_api_rebalance(const json_t *params, struct weft_error *err);

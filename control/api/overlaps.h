// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Addresses that several ports of a network name. Control thread.
#pragma once

#include <jansson.h>

#include "control/policy/policy.h"

// Appends to WARNINGS, an array, a sentence for each address or prefix of a port in CHANGES that another port of its network
// names too, or that lies in another's prefix, or the other way round: WEFT_MAX_WARNINGS at most. MODEL has the changes.
void weft_overlaps_warn(const struct weft_model *model, const json_t *changes, json_t *warnings);

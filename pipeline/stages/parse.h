// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The parser of a frame's headers.
#pragma once

#include "weft/vec.h"

// Checks the headers of the frame at FRAME, of which HAVE bytes lie there and which has TOTAL bytes in all, and
// fills in LANE, all but its ports. Returns -1, or the drop reason. Any thread.
int weft_parse_frame(const uint8_t *frame, uint32_t have, uint32_t total, struct weft_lane *lane);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Frames for the method "explain". Control thread.
#pragma once

#include "control/policy/model.h"

#define WEFT_FRAME_MAX 2000 // bytes

// Builds a frame that PORT could send to TO: an echo request to an IP address, or to a MAC a frame of the local
// experimental Ethertype. Returns its length, or -EINVAL with ERR.
int
weft_frame_build(const struct weft_port *port, const char *to, uint8_t frame[WEFT_FRAME_MAX], struct weft_error *err);

// Reads a frame in hexadecimal; spaces and colons between bytes are ignored. Returns its length, or -EINVAL with ERR.
int weft_frame_from_hex(const char *hex, uint8_t frame[WEFT_FRAME_MAX], struct weft_error *err);

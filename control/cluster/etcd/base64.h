// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Base64 (RFC 4648, section 4).
#pragma once

#include <stddef.h>

// New memory with the text, or NULL.
char *weft_base64_encode(const void *data, size_t size);

// New memory with the bytes and a 0 behind them, or NULL where TEXT is no base64.
char *weft_base64_decode(const char *text, size_t *size);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Warnings about a change. Control thread.
#pragma once

#include <jansson.h>

// What is odd about CHANGES, or not enforced in this version, in words. A new array.
json_t *weft_warnings(const json_t *changes);

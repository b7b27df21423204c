// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Warnings about policy that is accepted. Control thread.
#pragma once

#include <jansson.h>

// Sentences about CHANGES that may not do what their author expects: rules that hide others, settings that this host
// does not use, and the like. A new array.
json_t *weft_warnings(const json_t *changes);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Warnings about policy that is accepted. Control thread.
#pragma once

#include <jansson.h>

#include "control/policy/policy.h"

// Sentences about CHANGES, which MODEL has, that may not do what their author expects: rules that hide others, addresses that
// several ports name, settings that this host does not use, and the like. A new array.
json_t *weft_warnings(const struct weft_model *model, const json_t *changes);

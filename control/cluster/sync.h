// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Getting in step: after a start or a gap, the host reads its whole part of the policy.
#pragma once

#include "impl.h"

// Reads the policy in force, applies it, and watches the publications from then on.
void sync_start(struct weft_cluster *c);

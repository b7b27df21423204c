// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Packets that do not show their connection by themselves.
#pragma once

#include "weft/worker.h"

// Decides about lane I: a later fragment, or ICMP. Returns -1, a drop reason, or TRACK_REOPEN if the packet belongs
// to a connection after all. Owner worker.
int weft_stateless_check(struct weft_worker *worker, struct weft_vec *vec, unsigned int i);

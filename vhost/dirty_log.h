// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The log of guest memory that was written, for a guest that is being migrated.
#pragma once

#include "ring.h"

// Marks LEN bytes at the guest's address GPA as written. Owner worker, and event thread while the ring is suspended.
void vhost_dirty_log_mark(const struct vhost_ring *ring, uint64_t gpa, uint64_t len);

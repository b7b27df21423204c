// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Split rings (VIRTIO 1.1, 2.6).
#pragma once

#include "ring.h"

extern const struct vhost_ring_ops weft_split_ops;

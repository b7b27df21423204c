// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Packed rings (VIRTIO 1.1, 2.7).
#pragma once

#include "ring.h"

extern const struct vhost_ring_ops weft_packed_ops;

// For a ring with INFLIGHT: goes on where the last owner of the ring ended. Event thread, while the ring is suspended.
void weft_packed_recover(struct vhost_ring *ring);

// For a ring with INFLIGHT: writes down the ring's place. Owner worker.
void weft_packed_remember(const struct vhost_ring *ring);

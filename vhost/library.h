// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Rings by the library's code.
#pragma once

#include "ring.h"

extern const struct vhost_ring_ops vhost_library_ops;

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "dirty_log.h"

void
vhost_dirty_log_mark(const struct vhost_ring *ring, uint64_t gpa, uint64_t len)
{
	rte_vhost_log_write(ring->vid, gpa, len);
}

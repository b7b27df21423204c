// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Guests' memory that may go away while it is used here. Each thread says for which port it accesses such memory.
#pragma once

#include <stdatomic.h>

struct vhost_port;

// The port whose front end's memory this thread accesses; NULL: none.
extern _Thread_local struct vhost_port *volatile vhost_exposed;

// Control thread, before the first port opens.
void vhost_sigbus_init(void);

// This thread accesses memory that PORT's front end may take away, until it calls this with NULL.
static inline void
vhost_expose(struct vhost_port *port)
{
	atomic_signal_fence(memory_order_seq_cst);
	vhost_exposed = port;
	atomic_signal_fence(memory_order_seq_cst);
}

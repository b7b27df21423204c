// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port of weft whose front end is at the other end of a socket pair. There is no front ends' thread and no worker: the
// caller plays them, and the front end too.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vhost/port.h"

// Opens a port without a connection, as IO's. IO's quiesce() is the caller's. Aborts without memory.
struct vhost_port *lone_port_open(struct weft_portio *io, const char *name);

// Gives PORT, which has none, a connection. Returns the front end's socket, which the caller owns. Aborts without memory.
int lone_port_connect(struct vhost_port *port, uint64_t now_ms);

// Does what the front ends' thread does when a connection ends.
void lone_port_end(struct vhost_port *port);

// Waits until all that weft is rid of is closed and unmapped. False: it takes longer than 5 seconds.
bool lone_port_settle(struct vhost_port *port);

// Frees PORT, which has no connection and is settled.
void lone_port_close(struct vhost_port *port);

// Sends SIZE bytes with N descriptors, which stay the caller's. Returns what sendmsg() does; it does not block.
ssize_t send_with_fds(int sock, const void *bytes, size_t size, const int *fds, unsigned int n);

// Descriptors of this process.
unsigned int count_fds(void);

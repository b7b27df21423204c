// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The front ends' thread: it connects client ports when their sockets appear, accepts connections of server ports, and runs
// all connections. It never waits for a front end. It waits for workers to finish a round, and they wait for nobody. Control
// thread.
#pragma once

#include <stdbool.h>

struct vhost_port;

// Serves PORT, which is open, from now on: connects it, or listens for it. Returns 0 or -errno; then it is not served.
int vhost_frontends_add(struct vhost_port *port);

// Ends PORT's connection. When this returns, the thread does not use PORT any more, and its listening socket is closed.
void vhost_frontends_remove(struct vhost_port *port);

// Whether an open port has the socket PATH.
bool vhost_frontends_use(const char *path);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// One thread that connects client ports as their sockets appear. Control thread.
#pragma once

struct vhost_port;

// Keeps PORT connected from now on. Returns 0 or -errno.
int vhost_connector_add(struct vhost_port *port);

// Closes PORT's connection, and does not connect it again.
void vhost_connector_remove(struct vhost_port *port);

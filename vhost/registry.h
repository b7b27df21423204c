// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The open ports, found by the paths of their sockets and by the library's numbers of their connections (vid). Any
// thread; the lock is held for look-ups only.
#pragma once

#include <stdbool.h>

struct vhost_port;

#define VHOST_MAX_DEVICES 1024 // the library's own bound

// Enters PORT, and removes it.
void vhost_registry_add(struct vhost_port *port);
void vhost_registry_remove(struct vhost_port *port);

bool vhost_registry_has(const char *path);

// The port of the path has the connection VID from now on. Returns it, or NULL: there is no such port.
struct vhost_port *vhost_registry_connect(int vid, const char *path);
void vhost_registry_disconnect(int vid);

// The port of a connection, or NULL.
struct vhost_port *vhost_registry_of(int vid);

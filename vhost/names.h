// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// All open ports, by the names of their sockets without the folder. Front ends' thread, and control under its lock.
#pragma once

struct vhost_port;

void vhost_names_add(struct vhost_port *port);
// PORT may be one that was not added.
void vhost_names_remove(struct vhost_port *port);

// The first port after PORT (NULL: of all) whose socket is called NAME in its folder; NULL: there are no more.
struct vhost_port *vhost_names_next(const struct vhost_port *port, const char *name);

// What follows the folder in PATH.
const char *vhost_names_base(const char *path);

// Calls CALL with each port.
void vhost_names_each(void (*call)(struct vhost_port *port));

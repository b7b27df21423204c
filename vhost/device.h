// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest's device, as the library's callbacks report it.
#pragma once

struct vhost_port;

// Registers PORT's socket with the library and starts it. Returns 0 or -errno. Control thread and connector.
int vhost_device_register(struct vhost_port *port);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A port's rings, between the event thread and the worker. Event thread.
#pragma once

struct vhost_port;

// Takes the rings from the worker: waits until it has finished its round.
void vhost_rings_suspend(struct vhost_port *port);

// Loads the rings from what the library knows of them, and gives them to the worker.
void vhost_rings_resume(struct vhost_port *port);

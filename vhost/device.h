// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// A guest's device: makes of what its front end has said rings that workers use. Front ends' thread.
#pragma once

#include <stdint.h>

struct vhost_port;
struct vhost_trash;

// Takes the rings of PORT away from the workers: returns when no worker uses them. What the rings depend on (memory,
// addresses, features, log) may change until vhost_device_resume(). Does nothing more where they are suspended.
void vhost_device_suspend(struct vhost_port *port);

// Translates what the front end has said, and lets workers use every ring that is complete; then sets the link. Does nothing
// where they are not suspended.
void vhost_device_resume(struct vhost_port *port);

// Finds out which pairs of rings run. The port's link is up while both rings of one pair run without a fault: a worker that stops
// a ring for a fault has the front ends' thread look again.
void vhost_device_set_link(struct vhost_port *port);

// Stops the ring INDEX: its place stays, and its call descriptor is closed. The rings are suspended.
void vhost_device_stop_ring(struct vhost_port *port, uint16_t index);

// Forgets all that the front end said, and puts what it gave into TRASH. The rings are suspended.
void vhost_device_reset(struct vhost_port *port, struct vhost_trash *trash);

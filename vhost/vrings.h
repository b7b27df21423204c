// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Messages about one ring. request.c calls these; see there.
#pragma once

struct vhost_message;
struct vhost_port;

int vhost_set_vring_num(struct vhost_port *port, struct vhost_message *m);
int vhost_set_vring_addr(struct vhost_port *port, struct vhost_message *m);
int vhost_set_vring_base(struct vhost_port *port, struct vhost_message *m);
int vhost_get_vring_base(struct vhost_port *port, struct vhost_message *m);
int vhost_set_vring_kick(struct vhost_port *port, struct vhost_message *m);
int vhost_set_vring_call(struct vhost_port *port, struct vhost_message *m);
int vhost_set_vring_err(struct vhost_port *port, struct vhost_message *m);
int vhost_set_vring_enable(struct vhost_port *port, struct vhost_message *m);

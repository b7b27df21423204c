// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Messages about features of the device and of the protocol, and about the device as a whole. request.c calls these; see there.
#pragma once

struct vhost_message;
struct vhost_port;

int vhost_get_features(struct vhost_port *port, struct vhost_message *m);
int vhost_set_features(struct vhost_port *port, struct vhost_message *m);
int vhost_set_owner(struct vhost_port *port, struct vhost_message *m);
int vhost_reset_owner(struct vhost_port *port, struct vhost_message *m);
int vhost_get_protocol_features(struct vhost_port *port, struct vhost_message *m);
int vhost_set_protocol_features(struct vhost_port *port, struct vhost_message *m);
int vhost_get_queue_num(struct vhost_port *port, struct vhost_message *m);
int vhost_set_status(struct vhost_port *port, struct vhost_message *m);
int vhost_get_status(struct vhost_port *port, struct vhost_message *m);
int vhost_set_mtu(struct vhost_port *port, struct vhost_message *m);
int vhost_send_rarp(struct vhost_port *port, struct vhost_message *m);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Messages about memory: the guest's, the dirty log, in-flight pages. request.c calls these; see there.
#pragma once

struct vhost_message;
struct vhost_port;

int vhost_set_mem_table(struct vhost_port *port, struct vhost_message *m);
int vhost_get_max_mem_slots(struct vhost_port *port, struct vhost_message *m);
int vhost_add_mem_reg(struct vhost_port *port, struct vhost_message *m);
int vhost_rem_mem_reg(struct vhost_port *port, struct vhost_message *m);
int vhost_set_log_base(struct vhost_port *port, struct vhost_message *m);
int vhost_set_log_fd(struct vhost_port *port, struct vhost_message *m);
int vhost_get_inflight_fd(struct vhost_port *port, struct vhost_message *m);
int vhost_set_inflight_fd(struct vhost_port *port, struct vhost_message *m);

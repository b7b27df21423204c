// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How other threads wake the front ends' thread.
#pragma once

struct vhost_port;

// The descriptor that becomes readable; -1 with errno: there is none. Front ends' thread and control.
int vhost_wake_init(void);

// Wakes the front ends' thread; vhost_wake_for() has it look at PORT, too. Any thread that may use PORT, also in a signal
// handler.
void vhost_wake(void);
void vhost_wake_for(struct vhost_port *port);

// The front ends' thread is awake.
void vhost_wake_clear(void);

// Takes all ports of vhost_wake_for(), linked by next_flagged. PORT may be flagged again once its FLAGGED is false. Front ends'
// thread, and control under its lock.
struct vhost_port *vhost_wake_take(void);

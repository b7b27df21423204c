// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How other threads wake the front ends' thread.
#pragma once

// The descriptor that becomes readable; -1 with errno: there is none. Front ends' thread and control.
int vhost_wake_init(void);

// Wakes the front ends' thread. Any thread, also in a signal handler.
void vhost_wake(void);

// The front ends' thread is awake.
void vhost_wake_clear(void);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// When to look at which port: a heap, so that thousands of ports that wait cost nothing meanwhile. Front ends' thread, and
// control under its lock.
#pragma once

#include <stdint.h>

struct vhost_port;

#define VHOST_NEVER UINT64_MAX

// Has PORT looked at at DUE_MS, in place of what was set before. VHOST_NEVER: takes it out.
void vhost_agenda_set(struct vhost_port *port, uint64_t due_ms);

// When to look at a port next; VHOST_NEVER: there is none.
uint64_t vhost_agenda_next(void);

// Takes the next port out if its time has come by NOW_MS; else NULL.
struct vhost_port *vhost_agenda_take(uint64_t now_ms);

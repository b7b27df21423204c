// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// How often a port is connected, and how long its front end may keep the front ends' thread busy. So front ends that come and
// go, send a lot, or have to be stopped, cost the others little. Front ends' thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vhost_port;

// PORT is open, and has its whole budget.
void vhost_pace_init(struct vhost_port *port, uint64_t now_us);

// Whether PORT may keep the thread busy. Adds what has come back to its budget.
bool vhost_pace_allows(struct vhost_port *port, uint64_t now_us);

// The thread has been busy for PORT since START_US.
void vhost_pace_charge(struct vhost_port *port, uint64_t start_us);

// PORT's socket has appeared: it need not wait, if weft did not have to stop its front end.
void vhost_pace_hurry(struct vhost_port *port);

// Nobody listens at PORT's socket: sets when to try again. TOLD: there is no socket, and vhost_pace_hurry() comes when there is.
void vhost_pace_missed(struct vhost_port *port, uint64_t now_ms, bool told);

// A connection that began at SINCE_MS has ended because of WHY (-ECONNRESET: the front end has ended it), with BROKEN (enum
// vhost_fault): sets when PORT may be connected again.
void vhost_pace_ended(struct vhost_port *port, int why, uint8_t broken, uint64_t since_ms, uint64_t now_ms);

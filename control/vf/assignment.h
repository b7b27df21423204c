// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// The VFs of this host's ports. One is taken when its port is prepared: given to the driver that it needs, and its PF
// told what to enforce for it. Hardware has no generations: it is told before the others switch, and what it enforced
// before is put back where a change is aborted. From then on it is held to what the policy says. Control thread.
#pragma once

#include <event2/event.h>

#include "control/host/local.h"
#include "projection.h"

// Begins to follow what PFs say. Returns 0, or -EIO: nothing that goes on behind weft's back will be noticed.
int weft_functions_start(struct event_base *base, struct weft_local *local);
void weft_functions_stop(void);

// Takes the VF of PORT, which is here, or has its PF enforce what the policy says now. Returns 0, or -errno with ERR,
// and then nothing has changed.
int weft_functions_take(const struct weft_local *local, const struct weft_port *port, struct weft_error *err);

// Whether the VF of the port PATH is taken, and the PCI address of it, "" where it is not.
bool weft_functions_has(const char *path);
const char *weft_functions_address(const char *path);

// The device of the port PATH is open in SLOT; the one in SLOT is closed.
void weft_functions_opened(const char *path, uint16_t slot);
void weft_functions_closed(uint16_t slot);

// The port PATH goes with what is prepared.
void weft_functions_leave(const char *path);

// What was prepared is in force, or is aborted.
void weft_functions_accept(void);
void weft_functions_abort(void);

// Looks whether PFs still enforce what they were told, and tells them again. Twice a second, and when they say
// something.
void weft_functions_watch(void);

// The port that has the function at ADDRESS, or NULL.
const char *weft_functions_user(const char *address);

// Where sysfs is.
const char *weft_sysfs(void);

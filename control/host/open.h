// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Devices of ports: opened, or checked against a change. Control thread.
#pragma once

#include "change.h"

// Opens PORT's device if it is not open, else checks that the change leaves it as it is attached. Notes in P the slot
// of a new port, and a port's owner if it changes. A device that failed before, or that is restored, may fail to open:
// the reason goes into LOCAL's failed, and the others go on. Returns 0, or -errno with P's err.
int weft_open_port(struct weft_local *local, struct weft_prepared *p, const struct weft_port *port);

// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Other hosts, which tunnels lead to. Control thread.
#pragma once

#include "control/host/prepare.h"

// Gives other hosts slots, and takes them from those that are none any more; notes in P whether its changes concern
// what is beyond tunnels. ALL: they do. After the ports are placed. Returns 0, or -errno with P's err.
int prepare_hosts(struct weft_local *local, struct weft_prepared *p, bool all);

// Compiles other hosts, their ports' addresses, and the uplink's end of the tunnels. After the ports. Returns 0, or
// -errno with P's err.
int weft_build_hosts(struct weft_build *build, const struct weft_local *local, const struct weft_prepared *p);

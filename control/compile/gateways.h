// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Gateways: a gateway makes the machines of a VLAN behind one host's uplink part of a network with tunnels. Control
// thread.
#pragma once

#include "draft.h"

// Sets for each network with tunnels where frames to unknown addresses go. Call it after the other hosts are compiled.
// Returns 0 or -ENOMEM.
int weft_build_gateways(struct weft_build *build, const struct weft_model *model);

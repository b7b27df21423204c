// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Gateways: machines that are not ports, in a VLAN behind one host's uplink, in a network with tunnels. Control thread.
#pragma once

#include "draft.h"

// Sets in each network with tunnels where frames to unknown addresses go. After the other hosts. Returns 0 or -ENOMEM.
int weft_build_gateways(struct weft_build *build, const struct weft_model *model);

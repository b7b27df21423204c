// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Compiles ports' data plans. Control thread.
#pragma once

#include "draft.h"

// Compiles PORT's plan, if it has one, into CONF, which has its owner and mtu already. Returns 0 or -errno with ERR.
int weft_build_plan(struct weft_build *build, const struct weft_model *model, const struct weft_port *port,
	struct weft_port_conf *conf, struct weft_error *err);

// The burst of LIMITS in bytes on a port whose longest frame has FRAME bytes.
uint32_t weft_plan_burst(const struct weft_plan_limits *limits, uint32_t frame);

// The bytes of the longest frame of a port with MTU.
uint32_t weft_frame_of(uint16_t mtu);
